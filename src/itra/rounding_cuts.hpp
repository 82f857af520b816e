#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "itra/cost_rows.hpp"

namespace goracs::itra {

struct RelaxedTransport;

/// What holds of every coreset because it has no half rows: mixed-integer rounding cuts (Nemhauser and Wolsey 1990) over groups of rows and columns.
///
/// In units of 1 / (n M) a row supplies M and a column takes n. Let the columns of a group take n w = M k + r, 0 < r < M, and let Y of its rows
/// be in the coreset. What these rows ship to these columns is then at most
///
///   (M - r) k + r Y        where the relaxed transport allows M Y, as long as that is no more than n w
///
///   M = 5, n = 1, w = 7 (k = 1, r = 2):   Y = 0, 1, 2 rows ship at most 0 (3), 5 (5), 7 (7); one and a half, which do not exist, 6 in place of 7
///
/// Y below k: M Y = M k - M (k - Y) <= M k - r (k - Y). Y above k: n w = M k + r <= M k + r (Y - k). Any groups do; good are those that the
/// relaxed transport supplies from within. A row and a column are in one group at most.
class RoundingCuts {
 public:
  static constexpr std::int32_t kNone = -1;

  /// No cuts.
  RoundingCuts() = default;
  /// Groups of columns that lie far from the others, measured by the reduced costs of a relaxed transport of the pool: of its single-linkage
  /// clusters disjoint ones with the largest r (M - r) times the height at which they join others, which is about what their cuts can raise a bound by. A
  /// pool row is in the group of most of the R columns that it would supply first at these duals (M). The same on every rank. Collective.
  static RoundingCuts between_groups(const RelaxedTransport& relaxed, std::span<const double> column_dual, const CostRows& cost,
                                     std::int64_t budget, Communicator& world);
  /// From groups at hand: of all pool rows (N) and of the columns (M), kNone or 0, 1, 2 ...
  RoundingCuts(std::vector<std::int32_t> row_group, const std::vector<std::int32_t>& column_group, std::int64_t budget);

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(cuts_.size()); }
  std::int32_t cut_of_row(std::int64_t row) const { return cuts_.empty() ? kNone : cut_of_row_[static_cast<std::size_t>(row)]; }
  std::int32_t cut_of_column(std::int64_t column) const { return cuts_.empty() ? kNone : cut_of_column_[static_cast<std::size_t>(column)]; }

  struct Cut {
    std::vector<std::int32_t> columns;  ///< ascending
    std::int64_t a_row = 0;             ///< r: what one more row adds to the right-hand side
    std::int64_t fixed = 0;             ///< (M - r) k
  };
  const Cut& operator[](std::int64_t cut) const { return cuts_[static_cast<std::size_t>(cut)]; }

 private:
  std::vector<Cut> cuts_;
  std::vector<std::int32_t> cut_of_row_, cut_of_column_;
};

}  // namespace goracs::itra
