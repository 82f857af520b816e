#include "kernels/gain.hpp"

#include <algorithm>

#include "kernels/instruction_set.hpp"
#include "kernels/normalise_cost.hpp"

namespace goracs::cpu {
namespace {

/// Differences up to 1 in units of 2^-40: so many are summed exactly by a double of 53 bits.
constexpr std::int64_t kExactCols = std::int64_t{1} << (53 - kCostBits);

GORACS_VECTORISED double gain_of(const float* cost, const float* column_minimum, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) {
    const float lower = cost[j] < column_minimum[j] ? cost[j] : column_minimum[j];
    // in double: a difference of two float32 need not be one
    sum += static_cast<double>(column_minimum[j]) - static_cast<double>(lower);
  }
  return sum;
}

}  // namespace

void gain(MatrixView<const float> cost, std::span<const float> column_minimum, std::span<std::int64_t> gain) {
#pragma omp parallel for schedule(static) if (cost.rows > 1)
  for (std::int64_t i = 0; i < cost.rows; ++i) {
    std::int64_t units = 0;
    for (std::int64_t j = 0; j < cost.cols; j += kExactCols)
      units += static_cast<std::int64_t>(gain_of(cost.row(i).data() + j, column_minimum.data() + j, std::min(kExactCols, cost.cols - j)) /
                                         kCostUnit);
    gain[static_cast<std::size_t>(i)] = units;
  }
}

}  // namespace goracs::cpu
