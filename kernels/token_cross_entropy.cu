#include "kernels/token_cross_entropy.hpp"

#include "kernels/device_fold.hpp"

namespace goracs::cuda {
namespace {

__global__ void __launch_bounds__(128) losses(MatrixView<const float> logits, const std::int32_t* label, float* loss) {
  for (std::int64_t i = blockIdx.x; i < logits.rows; i += gridDim.x) {
    const float* row = logits.data + i * logits.stride;
    float largest = row[0];
    for (std::int64_t j = threadIdx.x; j < logits.cols; j += kRowThreads) largest = Maximum{}(largest, row[j]);
    largest = block_fold(largest, Maximum{});
    float sum = 0;
    for (std::int64_t j = threadIdx.x; j < logits.cols; j += kRowThreads) sum += expf(row[j] - largest);
    sum = block_fold(sum, Sum{});
    if (threadIdx.x == 0) loss[i] = label[i] == kNoLabel ? 0.0F : logf(sum) - (row[label[i]] - largest);
  }
}

}  // namespace

void token_cross_entropy(MatrixView<const float> logits, std::span<const std::int32_t> label, std::span<float> loss) {
  launch_by_rows(losses, logits.rows, logits, label.data(), loss.data());
}

}  // namespace goracs::cuda
