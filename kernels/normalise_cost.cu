#include "kernels/normalise_cost.hpp"

#include "kernels/device_fold.hpp"

namespace goracs::cuda {
namespace {

/// Below it a float32 can be finer than 2^-40; adding it and taking it away again rounds to that.
constexpr float kCoarse = 0x1p-17F;

// _rn: each operation rounds by itself, as on the CPU
__global__ void __launch_bounds__(128) normalise_rows(MatrixView<float> values, const float* penalty, CostScale scale) {
  const float span = __fsub_rn(scale.highest, scale.lowest);
  for (std::int64_t i = blockIdx.x; i < values.rows; i += gridDim.x) {
    float* row = values.data + i * values.stride;
    for (std::int64_t j = threadIdx.x; j < values.cols; j += kRowThreads) {
      if (!(span > 0)) {
        row[j] = 0;
        continue;
      }
      const float shifted = __fsub_rn(__fsub_rn(__fdiv_rn(row[j], scale.distance_divisor), penalty[i]), scale.lowest);
      const float cost = __fdiv_rn(shifted, span);
      row[j] = cost < kCoarse ? __fsub_rn(__fadd_rn(cost, kCoarse), kCoarse) : cost;
    }
  }
}

}  // namespace

void normalise_cost(MatrixView<float> values, std::span<const float> penalty, const CostScale& scale) {
  launch_by_rows(normalise_rows, values.rows, values, penalty.data(), scale);
}

}  // namespace goracs::cuda
