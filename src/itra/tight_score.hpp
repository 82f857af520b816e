#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "itra/exact_cost.hpp"
#include "kernels/lowest_columns.hpp"
#include "kernels/lowest_sum.hpp"

namespace goracs::itra {

/// The tight score of a row for given column duals v (SPEC 6, SELECTION "A lower bound"): with d_j = c_ij - v_j and R = ceil(M / n),
///
///   F_i(v) = (sum of the R-1 smallest d_j) / M + y (1/n - (R-1)/M),   y the R-th smallest d_j
///
/// which is the least a row can cost that supplies 1/n to columns that take 1/M each at most.
///
/// Goals: exact. Costs and duals are integers in units of 2^-40 (duals are rounded to them), a score is one in units of 2^-40 / (n M); so
///   scores do not depend on threads, blocks or instruction sets, and ties are ties.
/// Ruled out: sorting a row. Minima over blocks of columns give a threshold that R columns at least do not exceed; float32 with a margin
///   decides who is looked at, integers decide the rest.
class TightScore {
 public:
  /// Requires 1 <= budget, 1 <= num_valid.
  TightScore(std::int64_t num_valid, std::int64_t budget);

  /// Takes over the duals (M). Throws Error(kNumeric) when one is so large that scores would pass 63 bits.
  void assign(std::span<const double> column_dual);
  /// Lowers the duals of these columns by so many units, or raises them again. The same error.
  void lower(std::span<const std::int32_t> columns, std::int64_t units);
  std::span<const std::int64_t> dual_units() const noexcept { return dual_units_; }
  /// The duals as they count: rounded to units.
  std::vector<double> rounded_dual() const;
  std::int64_t top_r() const noexcept { return top_r_; }

  /// What one thread needs while it scores.
  struct Workspace {
    std::vector<float> block_minimum;
    std::vector<std::pair<std::int64_t, std::int32_t>> lowest;  ///< (d_j in units, j)
  };

  /// F_i in units of 2^-40 / (n M) for the row `cost` (M).
  std::int64_t score(std::span<const float> cost, Workspace& workspace) const;

  /// Adds what the row takes of each column, in units of 1 / (n M): n of the R-1 columns of smallest d_j (ties: lowest column), the rest of
  /// the R-th. Together M.
  void add_taken(std::span<const float> cost, Workspace& workspace, std::span<std::int64_t> taken) const;

  /// The same from what a GPU has found in the row: its R lowest d_j, and their columns.
  std::int64_t score(const LowestSum& lowest) const;
  void add_taken(std::span<const CostArc> lowest, std::span<std::int64_t> taken) const;

  /// The most that scores can fall by when the duals rise by `rise` (M, units of 2^-40; any sign): a bound for every row at once.
  std::int64_t most_fall(std::span<const std::int64_t> rise) const;

 private:
  /// workspace.lowest: the R smallest (d_j, j), the R-th at position R-1, those before it in any order.
  void select_lowest(std::span<const float> cost, Workspace& workspace) const;
  /// d_j in units.
  std::int64_t difference(float cost, std::int64_t column) const {
    return static_cast<std::int64_t>(cost * static_cast<float>(kUnitsPerOne)) - dual_units_[static_cast<std::size_t>(column)];
  }
  /// What `margin_` must be for duals up to this size.
  void allow(double largest);
  void find_candidates(std::span<const float> cost, Workspace& workspace) const;
  std::int64_t weighted(std::span<const std::pair<std::int64_t, std::int32_t>> lowest) const;

  std::int64_t num_valid_, budget_, top_r_, last_share_;
  std::int64_t num_blocks_;  ///< column j belongs to block j % num_blocks; 0: no blocks, all columns are candidates
  double largest_ = 0;       ///< no dual was larger since the last assign
  float margin_ = 0;         ///< float32 differences within it may be ordered wrongly
  std::vector<std::int64_t> dual_units_;
  std::vector<float> dual_float_;
};

}  // namespace goracs::itra
