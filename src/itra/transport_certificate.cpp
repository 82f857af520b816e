// Proof that a transport is optimal, in exact arithmetic: nothing here knows how the solution was found.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "itra/exact_cost.hpp"
#include "itra/transport.hpp"

namespace goracs::itra {

void Transport::recentre() {
  const auto [least, most] = std::minmax_element(potential_.begin(), potential_.end());
  if (*most - *least < kLargestPotential / 2 && std::max(-*least, *most) < kLargestPotential / 2) return;
  const double middle = std::round((*least + *most) / 2);
  for (double& value : potential_) value -= middle;
}

template <class Visit>
void Transport::for_each_flow(Visit&& visit) const {
  if (!flows_.empty()) {
    for (Node column = 0; column < dummy(); ++column)
      for (auto k = flows_.first(column); k != FlowTable::kNone; k = flows_.arc(k).next)
        visit(row_node(flows_.arc(k).slot), column, flows_.arc(k).units);
    return;
  }
  for (Node x = 0; x < tree_.nodes(); ++x) {
    const Node parent = tree_.parent(x);
    if (parent == SpanningTree::kNone || parent == tree_.root()) continue;
    if (is_row(x))
      visit(x, parent, tree_.flow(x));
    else
      visit(parent, x, tree_.flow(x));
  }
}

std::vector<Transport::Flow> Transport::flows() const {
  std::vector<Flow> positive;
  for_each_flow([&](Node row, Node column, std::int64_t units) {
    if (units > 0 && column != dummy()) positive.push_back({slot_of(row), column, units});
  });
  std::sort(positive.begin(), positive.end(),
            [](const Flow& a, const Flow& b) { return std::pair(a.column, a.slot) < std::pair(b.column, b.slot); });
  return positive;
}

void Transport::certify() {
  recentre();
  for (const double value : potential_)
    GORACS_CHECK_NUMERIC(std::abs(value) < kLargestPotential,
                         "transport of {} rows and {} columns: a potential of {} is too large to be exact", num_rows(), num_valid_, value);
  const double least = *std::min_element(least_reduced_.begin(), least_reduced_.end());
  GORACS_CHECK_NUMERIC(least >= 0, "transport of {} rows and {} columns is not optimal after {} pivots: least reduced cost {}, expected 0",
                       num_rows(), num_valid_, pivots_, least);
  std::vector<std::int64_t> sent(rows_.size(), 0), kept(rows_.size(), 0), received(static_cast<std::size_t>(num_valid_) + 1, 0);
  Int128 primal = 0, unused = 0;
  for_each_flow([&](Node row, Node column, std::int64_t units) {
    const double arc_cost = cost(row, column), reduced = arc_cost + potential(row) - potential(column);
    GORACS_CHECK_NUMERIC(units >= 0 && reduced == 0, "transport: {} units from row {} to column {} at reduced cost {}", units, slot_of(row),
                         column, reduced);
    (column == dummy() ? kept : sent)[static_cast<std::size_t>(slot_of(row))] += units;
    received[static_cast<std::size_t>(column)] += units;
    (column == dummy() ? unused : primal) += static_cast<Int128>(units) * exact_units(arc_cost);
  });
  Int128 dual = 0;
  for (Node column = 0; column < dummy(); ++column) {
    GORACS_CHECK_NUMERIC(received[static_cast<std::size_t>(column)] == column_units_, "transport: column {} receives {} units, expected {}",
                         column, received[static_cast<std::size_t>(column)], column_units_);
    dual += static_cast<Int128>(column_units_) * exact_units(potential(column));
  }
  dual += static_cast<Int128>(received[static_cast<std::size_t>(dummy())]) * exact_units(potential(dummy()));
  for (std::int64_t slot = 0; slot < num_rows(); ++slot) {
    const auto k = static_cast<std::size_t>(slot);
    GORACS_CHECK_NUMERIC(sent[k] + kept[k] == row_units_, "transport: row {} supplies {} units, expected {}", slot, sent[k] + kept[k],
                         row_units_);
    GORACS_CHECK_NUMERIC(!is_forbidden(slot) || sent[k] == 0, "transport: forbidden row {} ships {} units", slot, sent[k]);
    dual += static_cast<Int128>(row_units_) * exact_units(dual_of(slot));
  }
  GORACS_CHECK_NUMERIC(primal + unused == dual, "transport: primal value {} differs from dual value {}",
                       static_cast<double>(primal + unused), static_cast<double>(dual));
  shipped_ = std::move(sent);
  exact_value_ = primal;
}

}  // namespace goracs::itra
