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
  std::vector<double> dual;        ///< (M, and a price for each cut)
  std::vector<std::int64_t> rows;  ///< global, ascending, the same on every rank

  /// Around the duals of the last evaluation. Collective.
  static DualNeighbourhood of(std::span<const double> dual, const LowerBound& bound, std::int64_t budget, std::int64_t num_train);
};

/// The lower bound of a few rows that may supply a few columns only: near the duals it was made for it equals the bound of the whole pool, and an
/// evaluation costs a hundredth of it. Elsewhere it is at least as large: what it promises has to be checked by LowerBound.
/// In double and by rank 0 alone, so that all ranks agree whatever their instruction sets.
class RestrictedDual {
 public:
  /// The rows of these neighbourhoods; of each row the columns it would supply first at any of their duals, within its group and outside.
  /// `cuts` must live on. Collective; only rank 0 can evaluate.
  RestrictedDual(const CostRows& cost, std::int64_t budget, const RoundingCuts& cuts, std::span<const DualNeighbourhood> around,
                 Communicator& world);

  /// The value at v (M, then the prices, none negative); `supergradient` as in DualPoint, but in weight, not units.
  double evaluate(std::span<const double> dual, std::span<double> supergradient);

 private:
  /// Of units of 1 / (n M).
  double weight(std::int64_t units) const { return static_cast<double>(units) / static_cast<double>(budget_ * num_valid_); }
  double score(std::size_t row, std::span<const double> dual);

  const RoundingCuts& cuts_;
  std::int64_t budget_, num_valid_, top_r_;
  double last_share_;                                        ///< of the R-th column, of the supply 1/n
  std::vector<CostArc> arcs_;                                ///< of all rows
  std::vector<std::size_t> begin_;                           ///< (rows + 1) where a row's arcs begin
  std::vector<std::int32_t> cut_;                            ///< (rows) kNone where a row is in no group
  std::vector<std::pair<double, std::int32_t>> difference_;  ///< of one row's arcs, with their columns
  std::vector<std::int32_t> supplied_;                       ///< (rows, R) the columns a row would supply, the R-th last
  std::vector<std::pair<double, std::int32_t>> scores_;      ///< (rows) with the row's place
};

}  // namespace goracs::itra
