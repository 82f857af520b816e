#include "kernels/masked_mean.hpp"

#include "kernels/device_fold.hpp"

namespace goracs::cuda {
namespace {

constexpr std::int64_t kMostMeans = 65535;  // of grid.y

/// Block (x, y): components 128 x and on, one a thread; sample y, y + 65535, ...
__global__ void __launch_bounds__(128) means(MaskedStates states, float* mean) {
  const std::int64_t c = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  if (c >= states.dimension) return;
  for (std::int64_t b = blockIdx.y; b < states.samples; b += gridDim.y) {
    float sum = 0;
    int count = 0;
    for (std::int64_t t = b * states.tokens; t < (b + 1) * states.tokens; ++t) {
      if (states.mask[t] == 0) continue;
      ++count;
      sum = __fadd_rn(sum, states.hidden[t * states.dimension + c]);
    }
    mean[b * states.dimension + c] = count == 0 ? 0.0F : __fdiv_rn(sum, static_cast<float>(count));
  }
}

}  // namespace

void masked_mean(const MaskedStates& states, std::span<float> mean) {
  if (states.samples == 0) return;
  const dim3 blocks(static_cast<unsigned>((states.dimension + kRowThreads - 1) / kRowThreads),
                    static_cast<unsigned>(states.samples < kMostMeans ? states.samples : kMostMeans));
  launch(means, blocks, dim3(kRowThreads), 0, stream(), states, mean.data());
}

}  // namespace goracs::cuda
