#include "itra/baseline_facility_location.hpp"

#include "itra/cost_matrix.hpp"
#include "itra/greedy.hpp"

namespace goracs::itra {

std::optional<std::vector<std::int64_t>> facility_location_coreset(const SelectionInput& input, const ClassRows& rows, SelectConfig config,
                                                                   Communicator& world,
                                                                   const std::function<bool(std::int64_t rows)>& step) {
  config.lambda = 0;
  const auto cost = CostMatrix::build(input, rows, config, world, [&](std::int64_t, std::int64_t) { return step && step(0); });
  if (!cost) return std::nullopt;
  return GreedyPass(*cost, world).first_rows(rows.budget, step);
}

}  // namespace goracs::itra
