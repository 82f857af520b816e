#include "kernels/normalise_cost.hpp"

#include <algorithm>
#include <cstdint>

#include "kernels/instruction_set.hpp"

namespace goracs::cpu {
namespace {

/// Below it a float32 can be finer than 2^-40. Adding it makes the sum's last bit 2^-40, so that the addition rounds; taking it away again is exact.
constexpr float kCoarse = 0x1p-17F;

GORACS_VECTORISED void normalise_row(float* values, std::int64_t count, float penalty, float divisor, float lowest, float span) {
#pragma omp simd
  for (std::int64_t j = 0; j < count; ++j) {
    const float cost = (values[j] / divisor - penalty - lowest) / span;
    const float rounded = (cost + kCoarse) - kCoarse;
    values[j] = cost < kCoarse ? rounded : cost;
  }
}

}  // namespace

void normalise_cost(MatrixView<float> values, std::span<const float> penalty, const CostScale& scale) {
  const float span = scale.highest - scale.lowest;
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < values.rows; ++i) {
    const std::span<float> row = values.row(i);
    if (span > 0)
      normalise_row(row.data(), values.cols, penalty[static_cast<std::size_t>(i)], scale.distance_divisor, scale.lowest, span);
    else
      std::ranges::fill(row, 0.0F);
  }
}

}  // namespace goracs::cpu
