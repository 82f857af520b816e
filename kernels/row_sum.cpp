#include "kernels/row_sum.hpp"

#include <algorithm>

#include "kernels/instruction_set.hpp"
#include "kernels/normalise_cost.hpp"

namespace goracs::cpu {
namespace {

/// Costs up to 1 in units of 2^-40: so many are summed exactly by a double of 53 bits.
constexpr std::int64_t kExactCols = std::int64_t{1} << (53 - kCostBits);

GORACS_VECTORISED double sum_of(const float* cost, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) sum += static_cast<double>(cost[j]);
  return sum;
}

}  // namespace

void row_sum(MatrixView<const float> cost, std::span<std::int64_t> sum) {
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < cost.rows; ++i) {
    std::int64_t units = 0;
    for (std::int64_t j = 0; j < cost.cols; j += kExactCols)
      units += static_cast<std::int64_t>(sum_of(cost.row(i).data() + j, std::min(kExactCols, cost.cols - j)) / kCostUnit);
    sum[static_cast<std::size_t>(i)] = units;
  }
}

}  // namespace goracs::cpu
