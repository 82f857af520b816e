#include "itra/shortest_paths.hpp"

#include <algorithm>
#include <limits>

#include "itra/exact_cost.hpp"

namespace goracs::itra {
namespace {

constexpr double kFar = std::numeric_limits<double>::max();

}  // namespace

bool ShortestPaths::ship(Problem& problem) {
  columns_.assign(problem.column_dual.size(), {kFar, FlowTable::kNone});
  reach_below_.assign(problem.column_dual.size(), kFar);
  row_distance_.assign(problem.rows.size(), kFar);
  row_from_.resize(problem.rows.size());
  is_settled_.assign(problem.rows.size(), 0);
  while (problem.supply > 0)
    if (!search(problem)) return false;
  return true;
}

void ShortestPaths::clear() {
  for (const Index column : reached_columns_) column_at(column).distance = reach_below_[static_cast<std::size_t>(column)] = kFar;
  for (const Index slot : reached_rows_) row_distance_[static_cast<std::size_t>(slot)] = kFar;
  for (const Index slot : settled_rows_) is_settled_[static_cast<std::size_t>(slot)] = 0;
  reached_columns_.clear();
  reached_rows_.clear();
  settled_rows_.clear();
  heap_.clear();
}

/// One Dijkstra over rows, to the nearest column in need. Most paths take the last unit of an arc they run back over, which voids the labels
/// beyond it: nothing is kept for the next search but the duals.
bool ShortestPaths::search(Problem& problem) {
  clear();
  const Int128 before = problem.dual_value;
  row_distance_[static_cast<std::size_t>(problem.slot)] = 0;
  row_from_[static_cast<std::size_t>(problem.slot)] = FlowTable::kNone;
  reached_rows_.push_back(problem.slot);
  heap_.push_back({0, problem.slot});
  nearest_need_ = FlowTable::kNone;
  to_need_ = kFar;
  for (;;) {
    const double to_row = heap_.empty() ? kFar : heap_.front().distance, distance = std::min(to_need_, to_row);
    if (distance == kFar) {
      lower_duals(problem, row_distance_[static_cast<std::size_t>(settled_rows_.back())] + problem.detour);
      return false;
    }
    // all that is left to ship goes at least this far
    problem.dual_value = before + static_cast<Int128>(problem.supply) * exact_units(distance);
    if (problem.dual_value >= problem.limit) {
      lower_duals(problem, distance);
      return false;
    }
    if (to_need_ <= to_row) {
      send_along_path(problem, nearest_need_);
      lower_duals(problem, distance);
      return true;
    }
    std::pop_heap(heap_.begin(), heap_.end());
    const Index slot = heap_.back().slot;
    heap_.pop_back();
    if (is_settled_[static_cast<std::size_t>(slot)] == 0) settle_row(problem, slot, to_row);
  }
}

void ShortestPaths::settle_row(const Problem& problem, Index slot, double distance) {
  is_settled_[static_cast<std::size_t>(slot)] = 1;
  settled_rows_.push_back(slot);
  const CandidateLists::List& list = problem.lists[slot];
  const double before = distance + problem.negated_row_dual[static_cast<std::size_t>(slot)];
  for (std::size_t p = 0; p < list.cost.size(); ++p) {
    const Index column = list.column[p];
    const double reached = before + static_cast<double>(list.cost[p]);
    if (reached < reach_below_[static_cast<std::size_t>(column)])
      reach(problem, slot, column, reached - problem.column_dual[static_cast<std::size_t>(column)]);
  }
}

void ShortestPaths::reach(const Problem& problem, Index slot, Index column, double distance) {
  if (distance >= to_need_) return;
  Column& label = column_at(column);
  if (label.distance == kFar) reached_columns_.push_back(column);
  label = {distance, slot};
  reach_below_[static_cast<std::size_t>(column)] = distance + problem.column_dual[static_cast<std::size_t>(column)];
  if (problem.need[static_cast<std::size_t>(column)] > 0) {
    nearest_need_ = column;
    to_need_ = distance;
  }
  for (Index k = problem.flows.first(column); k != FlowTable::kNone; k = problem.flows.arc(k).next) {
    const auto server = static_cast<std::size_t>(problem.flows.arc(k).slot);
    if (distance >= row_distance_[server]) continue;
    if (row_distance_[server] == kFar) reached_rows_.push_back(static_cast<Index>(server));
    row_distance_[server] = distance;
    row_from_[server] = column;
    heap_.push_back({distance, static_cast<Index>(server)});
    std::push_heap(heap_.begin(), heap_.end());
  }
}

void ShortestPaths::send_along_path(Problem& problem, Index column) {
  // the row's own units and the need bound what is sent, and so do the flows that the path runs back over
  std::int64_t least_flow = std::numeric_limits<std::int64_t>::max();
  const auto along_path = [&](auto&& visit) {
    for (Index to = column; to != FlowTable::kNone;) {
      const Index slot = column_at(to).from, through = row_from_[static_cast<std::size_t>(slot)];
      visit(to, slot, through);
      to = through;
    }
  };
  along_path([&](Index, Index slot, Index through) {
    if (through != FlowTable::kNone) least_flow = std::min<std::int64_t>(least_flow, problem.flows.units(through, slot));
  });
  std::int32_t& need = problem.need[static_cast<std::size_t>(column)];
  const std::int64_t units = std::min({problem.supply, static_cast<std::int64_t>(need), least_flow});
  along_path([&](Index to, Index slot, Index through) {
    problem.flows.add(to, slot, static_cast<Index>(units));
    if (through != FlowTable::kNone) problem.flows.add(through, slot, static_cast<Index>(-units));
  });
  problem.supply -= units;
  need -= static_cast<Index>(units);
}

void ShortestPaths::lower_duals(Problem& problem, double distance) {
  for (const Index slot : settled_rows_)
    problem.negated_row_dual[static_cast<std::size_t>(slot)] -= distance - row_distance_[static_cast<std::size_t>(slot)];
  for (const Index column : reached_columns_)
    problem.column_dual[static_cast<std::size_t>(column)] -= std::max(0.0, distance - column_at(column).distance);
}

}  // namespace goracs::itra
