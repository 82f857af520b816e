#include "kernels/gain.hpp"

#include "kernels/device_fold.hpp"
#include "kernels/normalise_cost.hpp"

namespace goracs::cuda {
namespace {

__global__ void __launch_bounds__(128) gain_rows(MatrixView<const float> cost, const float* column_minimum, std::int64_t* gain) {
  for (std::int64_t i = blockIdx.x; i < cost.rows; i += gridDim.x) {
    const float* row = cost.data + i * cost.stride;
    std::int64_t units = 0;
    for (std::int64_t j = threadIdx.x; j < cost.cols; j += kRowThreads) {
      const float least = column_minimum[j];
      if (row[j] < least) units += static_cast<std::int64_t>(least * kUnitsPerCost) - static_cast<std::int64_t>(row[j] * kUnitsPerCost);
    }
    units = block_fold(units, Sum{});
    if (threadIdx.x == 0) gain[i] = units;
  }
}

}  // namespace

void gain(MatrixView<const float> cost, std::span<const float> column_minimum, std::span<std::int64_t> gain) {
  launch_by_rows(gain_rows, cost.rows, cost, column_minimum.data(), gain.data());
}

}  // namespace goracs::cuda
