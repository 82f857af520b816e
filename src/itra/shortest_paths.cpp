#include "itra/shortest_paths.hpp"

#include <algorithm>
#include <limits>

#include "itra/exact_cost.hpp"

namespace goracs::itra {
namespace {

constexpr double kFar = std::numeric_limits<double>::max();

}  // namespace

bool ShortestPaths::ship(Problem& problem) {
  columns_.resize(problem.column_dual.size());
  for (std::size_t j = 0; j < columns_.size(); ++j) columns_[j] = {problem.column_dual[j], kFar, FlowTable::kNone};
  row_distance_.assign(problem.rows.size(), kFar);
  row_from_.resize(problem.rows.size());
  is_settled_.assign(problem.rows.size(), 0);
  needy_.clear();
  for (std::size_t j = 0; j < problem.need.size(); ++j)
    if (problem.need[j] > 0) needy_.push_back(static_cast<Index>(j));
  while (problem.supply > 0)
    if (!search(problem)) return false;
  return true;
}

void ShortestPaths::clear() {
  for (const Index column : reached_columns_) column_at(column).distance = kFar;
  for (const Index slot : reached_rows_) row_distance_[static_cast<std::size_t>(slot)] = kFar;
  for (const Index slot : settled_rows_) is_settled_[static_cast<std::size_t>(slot)] = 0;
  reached_columns_.clear();
  reached_rows_.clear();
  settled_rows_.clear();
  heap_.clear();
}

/// One Dijkstra over rows. It serves one needy column after the other until a path took the last unit of an arc it runs back over: then
/// labels beyond that arc are void.
bool ShortestPaths::search(Problem& problem) {
  clear();
  Int128 shipped = problem.dual_value;  // plus the cost of what this search ships, in reduced costs
  row_distance_[static_cast<std::size_t>(problem.slot)] = 0;
  row_from_[static_cast<std::size_t>(problem.slot)] = FlowTable::kNone;
  reached_rows_.push_back(problem.slot);
  heap_.push_back({0, problem.slot});
  nearest_need_ = FlowTable::kNone;
  for (;;) {
    const double to_need = nearest_need_ == FlowTable::kNone ? kFar : column_at(nearest_need_).distance;
    const double to_row = heap_.empty() ? kFar : heap_.front().distance, distance = std::min(to_need, to_row);
    if (distance == kFar) {
      lower_duals(problem, row_distance_[static_cast<std::size_t>(settled_rows_.back())] + problem.detour);
      return false;
    }
    // all that is left to ship goes at least this far
    problem.dual_value = shipped + static_cast<Int128>(problem.supply) * exact_units(distance);
    if (problem.dual_value >= problem.limit) {
      lower_duals(problem, distance);
      return false;
    }
    if (to_row < to_need) {
      std::pop_heap(heap_.begin(), heap_.end());
      const Index slot = heap_.back().slot;
      heap_.pop_back();
      if (is_settled_[static_cast<std::size_t>(slot)] == 0) settle_row(problem, slot, to_row);
      continue;
    }
    const std::int64_t supply = problem.supply;
    const bool paths_hold = send_along_path(problem, nearest_need_);
    shipped += static_cast<Int128>(supply - problem.supply) * exact_units(distance);
    if (problem.supply == 0 || !paths_hold) {
      lower_duals(problem, distance);
      return true;
    }
    find_nearest_need(problem);
  }
}

void ShortestPaths::settle_row(const Problem& problem, Index slot, double distance) {
  is_settled_[static_cast<std::size_t>(slot)] = 1;
  settled_rows_.push_back(slot);
  const CandidateLists::List& list = problem.lists[slot];
  const double before = distance + problem.negated_row_dual[static_cast<std::size_t>(slot)];
  for (std::size_t p = 0; p < list.cost.size(); ++p) {
    const Index column = list.column[p];
    Column& label = column_at(column);
    const double reached = before + (static_cast<double>(list.cost[p]) - label.dual);
    if (reached >= label.distance) continue;
    if (label.distance == kFar) reached_columns_.push_back(column);
    label.distance = reached;
    label.from = slot;
    if (problem.need[static_cast<std::size_t>(column)] > 0 &&
        (nearest_need_ == FlowTable::kNone || reached < column_at(nearest_need_).distance))
      nearest_need_ = column;
    for (Index k = problem.flows.first(column); k != FlowTable::kNone; k = problem.flows.arc(k).next) {
      const auto server = static_cast<std::size_t>(problem.flows.arc(k).slot);
      if (reached >= row_distance_[server]) continue;
      if (row_distance_[server] == kFar) reached_rows_.push_back(static_cast<Index>(server));
      row_distance_[server] = reached;
      row_from_[server] = column;
      heap_.push_back({reached, static_cast<Index>(server)});
      std::push_heap(heap_.begin(), heap_.end());
    }
  }
}

void ShortestPaths::find_nearest_need(const Problem& problem) {
  nearest_need_ = FlowTable::kNone;
  double nearest = kFar;
  for (const Index column : needy_)
    if (problem.need[static_cast<std::size_t>(column)] > 0 && column_at(column).distance < nearest) {
      nearest = column_at(column).distance;
      nearest_need_ = column;
    }
}

/// Whether all labels still hold.
bool ShortestPaths::send_along_path(Problem& problem, Index column) {
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
  return units < least_flow;
}

void ShortestPaths::lower_duals(Problem& problem, double distance) {
  for (const Index slot : settled_rows_)
    problem.negated_row_dual[static_cast<std::size_t>(slot)] -= distance - row_distance_[static_cast<std::size_t>(slot)];
  for (const Index column : reached_columns_) {
    Column& label = column_at(column);
    label.dual -= std::max(0.0, distance - label.distance);
    problem.column_dual[static_cast<std::size_t>(column)] = label.dual;
  }
}

}  // namespace goracs::itra
