#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "itra/exchange_score.hpp"

namespace goracs::itra {

/// Finds the k rows of smallest F among a rank's rows, at one column potential after the other.
class OuterRanking {
 public:
  virtual ~OuterRanking() = default;

  /// The k best of this rank's rows that are not excluded (N_lc flags), ascending; `row` is global.
  virtual std::vector<RowWithScore> best(std::span<const double> column_potential, std::span<const char> excluded, std::int64_t k) = 0;

  virtual std::int64_t rows_read() const noexcept = 0;
};

}  // namespace goracs::itra
