#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "itra/cost_rows.hpp"
#include "itra/lower_bound.hpp"
#include "kernels/lowest_columns.hpp"

namespace goracs::itra {

/// Duals with the pool rows of smallest score there.
struct DualNeighbourhood {
  std::vector<double> column_dual;  ///< (M)
  std::vector<std::int64_t> rows;   ///< global, ascending, the same on every rank

  /// Around the duals of the last evaluation. Collective.
  static DualNeighbourhood of(std::span<const double> column_dual, const LowerBound& bound, std::int64_t budget, std::int64_t num_train);
};

/// The lower bound of a few rows that may supply a few columns only: near the duals it was made for it equals the bound of the whole pool, and an
/// evaluation costs a hundredth of it. Elsewhere it is at least as large: what it promises has to be checked by LowerBound.
/// In double and by rank 0 alone, so that all ranks agree whatever their instruction sets.
class RestrictedDual {
 public:
  /// The rows of these neighbourhoods; of each row the columns it would supply first at any of their duals. Collective; only rank 0 can evaluate.
  RestrictedDual(const CostRows& cost, std::int64_t budget, std::span<const DualNeighbourhood> around, Communicator& world);

  /// The value at v (M); `supergradient` (M) as in DualPoint, but in weight, not units.
  double evaluate(std::span<const double> column_dual, std::span<double> supergradient);

 private:
  double score(std::size_t row, std::span<const double> column_dual);

  std::int64_t budget_, num_valid_, top_r_;
  double last_share_;                                        ///< of the R-th column, of the supply 1/n
  std::vector<CostArc> arcs_;                                ///< of all rows
  std::vector<std::size_t> begin_;                           ///< (rows + 1) where a row's arcs begin
  std::vector<std::pair<double, std::int32_t>> difference_;  ///< of one row's arcs, with their columns
  std::vector<std::int32_t> supplied_;                       ///< (rows, R) the columns a row would supply, the R-th last
  std::vector<std::pair<double, std::int32_t>> scores_;      ///< (rows) with the row's place
};

}  // namespace goracs::itra
