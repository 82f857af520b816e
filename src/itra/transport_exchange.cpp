// Exchanges of one row of a solved transport: its units are shipped anew, everything else is kept as far as it can be.
#include <utility>

#include "base/error.hpp"
#include "itra/exact_cost.hpp"
#include "itra/transport.hpp"
#include "kernels/reduced_cost.hpp"

namespace goracs::itra {
namespace {

constexpr std::size_t kLongestBetweenExchanges = 2 * CandidateLists::kLength;

}  // namespace

/// Exchanges ship along shortest paths where each column is served by one row (n divides M), else by pivots from the last basis.
void Transport::settle_solver() {
  if (column_units_ != 1) return;
  FlowTable served;
  served.reset(num_valid_);
  for (const Flow& flow : flows())
    served.add(static_cast<Node>(flow.column), static_cast<std::int32_t>(flow.slot), static_cast<std::int32_t>(flow.units));
  flows_ = std::move(served);
  tree_.reset(0, SpanningTree::kNone);
  build_lists(0);
}

void Transport::exchange(std::int64_t slot, CostRow row) { exchange_below(slot, row, kNoLimit); }

bool Transport::exchange_below(std::int64_t slot, CostRow row, Int128 limit) {
  GORACS_CHECK_INPUT(!relaxed_, "rows of a relaxed transport cannot be exchanged");
  const bool solved = flows_.empty() ? exchange_by_pivots(slot, row, limit) : exchange_by_paths(slot, row, limit);
  return solved && exact_value_ < limit;
}

bool Transport::exchange_by_pivots(std::int64_t slot, CostRow row, Int128 limit) {
  bind(slot, row);
  lists_.rebuild(slot, costs(slot), column_potentials(), dual_of(slot));
  cursor_ = slot;
  return optimise(limit);
}

bool Transport::exchange_by_paths(std::int64_t slot, CostRow row, Int128 limit) {
  recentre();
  shorten_lists();
  const FlowTable flows = flows_;
  const std::vector<double> potential = potential_;
  rows_[static_cast<std::size_t>(slot)] = row;
  const double dual = cpu::least_difference(costs(slot), column_potentials());
  lists_.rebuild(slot, costs(slot), column_potentials(), dual);
  for (double detour = 1;;) {
    const bool shipped = ship(slot, detour, limit);
    const Verdict verdict = judge(limit);
    if (verdict == Verdict::kHopeless) return false;
    if (verdict == Verdict::kOptimal && shipped) break;
    if (verdict == Verdict::kOptimal) detour *= 2;
    list_violating(false);
    flows_ = flows;
    potential_ = potential;
  }
  certify();
  return true;
}

/// Rounds only ever add arcs, but a search looks at all of them.
void Transport::shorten_lists() {
  for (std::int64_t slot = 0; slot < num_rows(); ++slot)
    if (lists_[slot].cost.size() > kLongestBetweenExchanges) lists_.rebuild(slot, costs(slot), column_potentials(), dual_of(slot));
}

/// Ships the units of the row that is new in a slot, on listed arcs only.
bool Transport::ship(std::int64_t slot, double detour, Int128 limit) {
  const auto index = static_cast<std::int32_t>(slot);
  std::vector<std::int32_t> need(static_cast<std::size_t>(num_valid_), 0);
  for (Node column = 0; column < dummy(); ++column)
    if (const auto units = flows_.units(column, index); units > 0) {
      need[static_cast<std::size_t>(column)] = units;
      flows_.add(column, index, -units);
    }
  const double old_dual = dual_of(slot), new_dual = cpu::least_difference(costs(slot), column_potentials());
  potential(row_node(slot)) = -new_dual;
  const std::span<double> potentials(potential_);
  ShortestPaths::Problem problem{.rows = rows_,
                                 .column_dual = potentials.first(static_cast<std::size_t>(num_valid_)),
                                 .negated_row_dual = potentials.subspan(static_cast<std::size_t>(first_row())),
                                 .flows = flows_,
                                 .lists = lists_,
                                 .slot = index,
                                 .supply = row_units_,
                                 .need = need,
                                 .dual_value = exact_value_ + static_cast<Int128>(row_units_) * exact_units(new_dual - old_dual),
                                 .limit = limit,
                                 .detour = detour};
  return paths_.ship(problem);
}

bool Transport::exchange_if_better(std::int64_t slot, CostRow row) { return try_exchange(slot, row, true); }

bool Transport::is_better(std::int64_t slot, CostRow row) { return try_exchange(slot, row, false); }

bool Transport::try_exchange(std::int64_t slot, CostRow row, bool keep) {
  const CostRow old_row = this->row(slot);
  const Int128 old_value = exact_value_;
  const std::int64_t cursor = cursor_;
  SpanningTree tree = tree_;
  FlowTable flows = flows_;
  std::vector<double> potential = potential_;
  std::vector<std::int64_t> shipped = shipped_;
  lists_.begin_trial();
  const bool better = exchange_below(slot, row, old_value);
  if (better && keep) {
    lists_.keep_trial();
    return true;
  }
  lists_.undo_trial();
  rows_[static_cast<std::size_t>(slot)] = old_row;
  cursor_ = cursor;
  tree_ = std::move(tree);
  flows_ = std::move(flows);
  potential_ = std::move(potential);
  shipped_ = std::move(shipped);
  exact_value_ = old_value;
  return better;
}

}  // namespace goracs::itra
