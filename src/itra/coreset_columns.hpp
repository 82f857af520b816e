#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"

namespace goracs::itra {

/// The costs of a coreset column by column, (M, n): what else a column could be served at is read in one run. A copy of the coreset's rows;
/// an exchange rewrites one of its columns.
class CoresetColumns {
 public:
  /// Takes over the rows (n) of M costs; only those of slots whose pool row changed are read.
  void assign(std::span<const std::int64_t> coreset, std::span<const float* const> costs, std::int64_t num_valid);

  /// min over slots i other than `without` of cost(i, column) - row_dual[i]; at least two slots.
  double least_without(std::int32_t column, std::int64_t without, std::span<const double> row_dual) const;

 private:
  std::vector<std::int64_t> rows_;  ///< pool row of each slot
  Matrix<float> costs_;
};

}  // namespace goracs::itra
