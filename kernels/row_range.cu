#include "kernels/row_range.hpp"

#include "kernels/device_fold.hpp"

namespace goracs::cuda {
namespace {

__global__ void __launch_bounds__(128) range_rows(MatrixView<const float> values, float* minimum, float* maximum) {
  for (std::int64_t i = blockIdx.x; i < values.rows; i += gridDim.x) {
    const float* row = values.data + i * values.stride;
    float least = row[0], most = row[0];
    for (std::int64_t j = threadIdx.x; j < values.cols; j += kRowThreads) {
      least = Minimum{}(least, row[j]);
      most = Maximum{}(most, row[j]);
    }
    least = block_fold(least, Minimum{});
    most = block_fold(most, Maximum{});
    if (threadIdx.x == 0) {
      minimum[i] = least;
      maximum[i] = most;
    }
  }
}

}  // namespace

void row_range(MatrixView<const float> values, std::span<float> minimum, std::span<float> maximum) {
  launch_by_rows(range_rows, values.rows, values, minimum.data(), maximum.data());
}

}  // namespace goracs::cuda
