#include "kernels/sum_below.hpp"

#include <cstddef>

#include "kernels/instruction_set.hpp"

namespace goracs::cpu {
namespace {

/// A sum of its own for each lane: every instruction set adds in the same order.
GORACS_VECTORISED void add_below(const float* __restrict cost, const std::int32_t* __restrict column, const double* __restrict potential,
                                 std::int64_t count, double level, double* __restrict sum) {
  for (std::int64_t p = 0; p < count; p += kSumBelowLanes)
    for (std::int64_t lane = 0; lane < kSumBelowLanes; ++lane) {
      const double below = static_cast<double>(cost[p + lane]) - potential[column[p + lane]] - level;
      sum[lane] += below < 0 ? below : 0;
    }
}

}  // namespace

double sum_below(std::span<const float> cost, std::span<const std::int32_t> column, std::span<const double> potential, double level) {
  double sum[kSumBelowLanes] = {};
  add_below(cost.data(), column.data(), potential.data(), static_cast<std::int64_t>(cost.size()), level, sum);
  double all = 0;
  for (const double lane : sum) all += lane;
  return all;
}

}  // namespace goracs::cpu
