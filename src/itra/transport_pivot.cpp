// The network simplex itself: pricing by candidate lists, pivots that keep the tree strongly feasible, certifying sweeps.
#include <algorithm>
#include <limits>

#include "itra/exact_cost.hpp"
#include "itra/transport.hpp"
#include "kernels/reduced_cost.hpp"

namespace goracs::itra {

Transport::Arc Transport::most_violating(std::int64_t slot) const {
  const CandidateLists::List& list = lists_[slot];
  const double dual = dual_of(slot);
  Arc best{SpanningTree::kNone, 0.0};
  if (!list.cost.empty()) {
    const double least = cpu::least_difference(list.cost, list.column, column_potentials());
    if (least < dual)
      for (std::size_t p = 0; best.column == SpanningTree::kNone; ++p)
        if (static_cast<double>(list.cost[p]) - potential(list.column[p]) == least) best = {list.column[p], least - dual};
  }
  if (uses_dummy()) {
    const double reduced = dummy_cost_[static_cast<std::size_t>(slot)] - potential(dummy()) - dual;
    if (reduced < best.reduced_cost) best = {dummy(), reduced};
  }
  return best;
}

void Transport::pivot(Node row, const Arc& entering) {
  ++pivots_;
  const Node column = entering.column, join = tree_.join(row, column);
  // the leaving arc: least flow among those that lose flow; on ties the last one met when going round the cycle from the join along
  // the entering arc, which keeps a way for one more unit from every node to the root, so that degenerate pivots cannot cycle
  Node leaving = SpanningTree::kNone;
  bool row_side = true;
  std::int32_t units = std::numeric_limits<std::int32_t>::max();
  for (Node x = row; x != join; x = tree_.parent(x))
    if (is_row(x) && tree_.flow(x) < units) {
      units = tree_.flow(x);
      leaving = x;
    }
  for (Node x = column; x != join; x = tree_.parent(x))
    if (!is_row(x) && tree_.flow(x) <= units) {
      units = tree_.flow(x);
      leaving = x;
      row_side = false;
    }
  if (units > 0) {
    for (Node x = row; x != join; x = tree_.parent(x)) tree_.add_flow(x, is_row(x) ? -units : units);
    for (Node x = column; x != join; x = tree_.parent(x)) tree_.add_flow(x, is_row(x) ? units : -units);
  }
  const Node inside = row_side ? row : column, outside = row_side ? column : row;
  tree_.rehang(inside, outside, leaving, join, units);
  shift(inside, row_side ? -entering.reduced_cost : entering.reduced_cost);
}

void Transport::shift(Node x, double by) {
  // relative to the rest of the tree, so whichever part is smaller moves
  if (2 * static_cast<std::int64_t>(tree_.size(x)) <= tree_.nodes())
    tree_.for_subtree(x, [&](Node below) { potential(below) += by; });
  else
    tree_.for_all_but_subtree(x, [&](Node other) { potential(other) -= by; });
}

bool Transport::optimise_lists() {
  const std::int64_t rows = num_rows();
  for (std::int64_t clean = 0; clean < rows; ++clean) {
    for (Arc arc = most_violating(cursor_); arc.column != SpanningTree::kNone; arc = most_violating(cursor_)) {
      if (pivots_ >= options_.pivot_limit) return false;
      pivot(row_node(cursor_), arc);
      clean = 0;
    }
    cursor_ = cursor_ + 1 == rows ? 0 : cursor_ + 1;
  }
  return true;
}

void Transport::sweep() {
  ++sweeps_;
  const std::int64_t rows = num_rows();
  least_reduced_.resize(rows_.size());
#pragma omp parallel for schedule(static)
  for (std::int64_t slot = 0; slot < rows; ++slot)
    least_reduced_[static_cast<std::size_t>(slot)] = cpu::least_difference(costs(slot), column_potentials()) - dual_of(slot);
  if (uses_dummy())
    for (std::int64_t slot = 0; slot < rows; ++slot) {
      const auto k = static_cast<std::size_t>(slot);
      least_reduced_[k] = std::min(least_reduced_[k], dummy_cost_[k] - potential(dummy()) - dual_of(slot));
    }
}

Int128 Transport::dual_bound() const {
  // rows whose dual is too high for an arc get the highest that is allowed
  Int128 bound = 0;
  for (Node column = 0; column < dummy(); ++column) bound += static_cast<Int128>(column_units_) * exact_units(potential(column));
  for (std::int64_t slot = 0; slot < num_rows(); ++slot)
    bound += static_cast<Int128>(row_units_) * exact_units(dual_of(slot) + std::min(0.0, least_reduced_[static_cast<std::size_t>(slot)]));
  return bound;
}

/// What a sweep says of the duals: no arc violates them, or the optimum is sure not to lie below the limit.
Transport::Verdict Transport::judge(Int128 limit) {
  sweep();
  if (limit != kNoLimit && dual_bound() >= limit) return Verdict::kHopeless;
  return *std::min_element(least_reduced_.begin(), least_reduced_.end()) >= 0 ? Verdict::kOptimal : Verdict::kUnknown;
}

void Transport::list_violating(bool may_drop) {
  for (std::int64_t slot = 0; slot < num_rows(); ++slot) {
    if (least_reduced_[static_cast<std::size_t>(slot)] >= 0) continue;
    if (may_drop)
      lists_.add_violating(slot, costs(slot), column_potentials(), dual_of(slot));
    else
      lists_.append_violating(slot, costs(slot), column_potentials(), dual_of(slot));
  }
}

bool Transport::optimise(Int128 limit) {
  recentre();
  for (;;) {
    const bool within_pivots = optimise_lists();
    const Verdict verdict = judge(limit);
    if (verdict == Verdict::kHopeless) return false;
    if (verdict == Verdict::kOptimal || !within_pivots) break;
    list_violating(true);
  }
  certify();
  return true;
}

void Transport::bind(std::int64_t slot, CostRow row) {
  rows_[static_cast<std::size_t>(slot)] = row;
  const Node node = row_node(slot), parent = tree_.parent(node);
  potential(node) =
      parent == tree_.root() ? -cpu::least_difference(costs(slot), column_potentials()) : potential(parent) - cost(node, parent);
  for (Node child = tree_.first_child(node); child != SpanningTree::kNone; child = tree_.next_sibling(child))
    shift(child, potential(node) + cost(node, child) - potential(child));
}

}  // namespace goracs::itra
