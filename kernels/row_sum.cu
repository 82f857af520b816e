#include "kernels/row_sum.hpp"

#include "kernels/device_fold.hpp"
#include "kernels/normalise_cost.hpp"

namespace goracs::cuda {
namespace {

__global__ void __launch_bounds__(128) sum_rows(MatrixView<const float> cost, std::int64_t* sum) {
  for (std::int64_t i = blockIdx.x; i < cost.rows; i += gridDim.x) {
    const float* row = cost.data + i * cost.stride;
    std::int64_t units = 0;
    for (std::int64_t j = threadIdx.x; j < cost.cols; j += kRowThreads) units += static_cast<std::int64_t>(row[j] * kUnitsPerCost);
    units = block_fold(units, Sum{});
    if (threadIdx.x == 0) sum[i] = units;
  }
}

}  // namespace

void row_sum(MatrixView<const float> cost, std::span<std::int64_t> sum) { launch_by_rows(sum_rows, cost.rows, cost, sum.data()); }

}  // namespace goracs::cuda
