#pragma once

#include <cstdint>
#include <vector>

#include "itra/cost_matrix.hpp"
#include "itra/greedy.hpp"
#include "itra/relaxed.hpp"

namespace goracs::test {

inline SelectConfig relaxed_config() {
  SelectConfig config;
  config.max_exchanges = 1000;
  config.exchange_candidates = 5;
  config.order_statistic = "smallest";
  config.inner_potential = "exclude_self";
  config.pair_order = "best_first";
  return config;
}

/// Of these costs, from their greedy coreset. Collective.
inline itra::RelaxedSelection chosen_relaxed(const Matrix<float>& matrix, std::int64_t budget, Communicator& world,
                                             const SelectConfig& config = relaxed_config(), const itra::ClassEvents& events = {}) {
  const itra::CostMatrix cost = itra::CostMatrix::of(matrix, world);
  const std::vector<std::int64_t> greedy = *itra::GreedyPass(cost, world).coreset(budget);
  return itra::choose_relaxed(cost.view(), greedy, config, world, events);
}

}  // namespace goracs::test
