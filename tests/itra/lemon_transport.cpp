#include "lemon_transport.hpp"

#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

namespace goracs::test {

std::int64_t lemon_transport(std::int64_t rows, std::int64_t cols, std::int64_t supply, std::int64_t demand,
                             const std::vector<std::int64_t>& cost) {
  lemon::SmartDigraph graph;
  for (std::int64_t node = 0; node < rows + cols; ++node) graph.addNode();
  lemon::SmartDigraph::NodeMap<std::int64_t> units(graph);
  for (std::int64_t i = 0; i < rows; ++i) units[graph.nodeFromId(static_cast<int>(i))] = supply;
  for (std::int64_t j = 0; j < cols; ++j) units[graph.nodeFromId(static_cast<int>(rows + j))] = -demand;
  lemon::SmartDigraph::ArcMap<std::int64_t> arc_cost(graph);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j)
      arc_cost[graph.addArc(graph.nodeFromId(static_cast<int>(i)), graph.nodeFromId(static_cast<int>(rows + j)))] =
          cost[static_cast<std::size_t>(i * cols + j)];
  lemon::NetworkSimplex<lemon::SmartDigraph, std::int64_t, std::int64_t> simplex(graph);
  simplex.costMap(arc_cost).supplyMap(units).supplyType(simplex.LEQ);
  return simplex.run() == simplex.OPTIMAL ? simplex.totalCost<std::int64_t>() : -1;
}

}  // namespace goracs::test
