// Cold start of the network simplex: a good forest of flows, cheapest arcs first, and the tree and lists made from it.
#include <algorithm>
#include <bit>
#include <cstdint>

#include "itra/transport.hpp"

namespace goracs::itra {
namespace {

/// Rows per column that the cheapest-first assignment looks at.
constexpr std::int64_t kCheapestRows = 32;
/// Columns whose costs are read together: those of one cache line.
constexpr std::int64_t kColumnsAtOnce = 16;

struct CheapArc {
  float cost;
  std::int32_t slot, column;
  friend bool operator<(const CheapArc& a, const CheapArc& b) {
    if (a.cost != b.cost) return a.cost < b.cost;
    return a.column != b.column ? a.column < b.column : a.slot < b.slot;
  }
};

/// The kCheapestRows cheapest rows of every column (ties: the lower slot), all of them sorted by cost.
std::vector<CheapArc> cheapest_arcs(const std::vector<Transport::CostRow>& rows, std::int64_t num_valid) {
  const auto num_rows = static_cast<std::int64_t>(rows.size()), kept = std::min(num_rows, kCheapestRows);
  std::vector<CheapArc> arcs(static_cast<std::size_t>(num_valid * kept));
#pragma omp parallel
  {
    std::vector<CheapArc> column_arcs(static_cast<std::size_t>(kColumnsAtOnce * num_rows));
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t begin = 0; begin < num_valid; begin += kColumnsAtOnce) {
      const std::int64_t count = std::min(kColumnsAtOnce, num_valid - begin);
      for (std::int64_t slot = 0; slot < num_rows; ++slot)
        for (std::int64_t k = 0; k < count; ++k)
          column_arcs[static_cast<std::size_t>(k * num_rows + slot)] = {
              rows[static_cast<std::size_t>(slot)][begin + k], static_cast<std::int32_t>(slot), static_cast<std::int32_t>(begin + k)};
      for (std::int64_t k = 0; k < count; ++k) {
        const auto first = column_arcs.begin() + k * num_rows;
        std::nth_element(first, first + (kept - 1), first + num_rows);
        std::copy_n(first, kept, arcs.begin() + (begin + k) * kept);
      }
    }
  }
  std::sort(arcs.begin(), arcs.end());
  return arcs;
}

}  // namespace

std::vector<Transport::ForestArc> Transport::cheapest_first_forest() const {
  std::vector<ForestArc> forest;
  std::vector<std::int64_t> supply(rows_.size(), row_units_), demand(static_cast<std::size_t>(num_valid_), column_units_);
  const auto assign = [&](std::int64_t slot, Node column, std::int64_t wanted) {
    const std::int64_t units = std::min(supply[static_cast<std::size_t>(slot)], wanted);
    supply[static_cast<std::size_t>(slot)] -= units;
    if (units > 0) forest.push_back({slot, column, units});
    return units;
  };
  for (const CheapArc& arc : cheapest_arcs(rows_, num_valid_)) {
    std::int64_t& wanted = demand[static_cast<std::size_t>(arc.column)];
    if (wanted > 0) wanted -= assign(arc.slot, arc.column, wanted);
  }
  // what is still wanted comes from the cheapest rows that have units left
  std::vector<std::int64_t> left;
  for (std::int64_t slot = 0; slot < num_rows(); ++slot)
    if (supply[static_cast<std::size_t>(slot)] > 0) left.push_back(slot);
  for (Node column = 0; column < dummy(); ++column)
    while (demand[static_cast<std::size_t>(column)] > 0) {
      const auto cheapest =
          std::min_element(left.begin(), left.end(), [&](std::int64_t a, std::int64_t b) { return row(a)[column] < row(b)[column]; });
      demand[static_cast<std::size_t>(column)] -= assign(*cheapest, column, demand[static_cast<std::size_t>(column)]);
      if (supply[static_cast<std::size_t>(*cheapest)] == 0) left.erase(cheapest);
    }
  for (const std::int64_t slot : left) assign(slot, dummy(), row_units_);
  return forest;
}

void Transport::grow_tree(const std::vector<ForestArc>& forest, bool keep_potentials) {
  struct Neighbour {
    Node node;
    std::int32_t units;
  };
  const Node nodes = row_node(num_rows());
  std::vector<std::int32_t> begin(static_cast<std::size_t>(nodes) + 1, 0);
  for (const ForestArc& arc : forest) {
    ++begin[static_cast<std::size_t>(arc.column) + 1];
    ++begin[static_cast<std::size_t>(row_node(arc.slot)) + 1];
  }
  for (std::size_t x = 1; x < begin.size(); ++x) begin[x] += begin[x - 1];
  std::vector<Neighbour> neighbours(static_cast<std::size_t>(begin.back()));
  std::vector<std::int32_t> end(begin);
  for (const ForestArc& arc : forest) {
    const auto column = static_cast<std::size_t>(arc.column), row = static_cast<std::size_t>(row_node(arc.slot));
    neighbours[static_cast<std::size_t>(end[column]++)] = {row_node(arc.slot), static_cast<std::int32_t>(arc.units)};
    neighbours[static_cast<std::size_t>(end[row]++)] = {arc.column, static_cast<std::int32_t>(arc.units)};
  }
  tree_.reset(nodes, dummy() + 1);
  if (!keep_potentials) potential_.assign(static_cast<std::size_t>(nodes), 0.0);
  // each component hangs from the root by a row's arc without flow: from every node a unit could be sent to the root (strongly feasible)
  std::vector<Node> component;
  for (std::int64_t slot = 0; slot < num_rows(); ++slot) {
    if (tree_.parent(row_node(slot)) != SpanningTree::kNone) continue;
    component.assign(1, row_node(slot));
    tree_.hang(row_node(slot), tree_.root(), 0);
    for (std::size_t at = 0; at < component.size(); ++at) {
      const Node x = component[at];
      for (std::int32_t k = begin[static_cast<std::size_t>(x)]; k < begin[static_cast<std::size_t>(x) + 1]; ++k) {
        const auto& [child, units] = neighbours[static_cast<std::size_t>(k)];
        if (child == tree_.parent(x)) continue;
        tree_.hang(child, x, units);
        potential(child) = is_row(child) ? potential(x) - parent_cost(child) : potential(x) + parent_cost(child);
        component.push_back(child);
      }
    }
  }
}

void Transport::build_lists(std::int64_t first_slot) {
#pragma omp parallel for schedule(static)
  for (std::int64_t slot = first_slot; slot < num_rows(); ++slot) lists_.rebuild(slot, costs(slot), column_potentials(), dual_of(slot));
}

}  // namespace goracs::itra
