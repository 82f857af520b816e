#include "kernels/dropout_mask.hpp"

#include <algorithm>

#include "base/philox.hpp"
#include "kernels/device_fold.hpp"

namespace goracs::cuda {
namespace {

/// A thread for each Philox block of a sequence, before them one for every eight ones. Blocks (x, y): sequences y and on.
__global__ void __launch_bounds__(128) draw_masks(DropoutDraw draw, float* mask) {
  const std::int64_t numbers = draw.columns * draw.width, threads = std::int64_t{gridDim.x} * kRowThreads;
  for (std::int64_t b = blockIdx.y; b < draw.sequences; b += gridDim.y) {
    float* const of_sequence = mask + b * numbers;
    const std::int64_t skipped = draw.skipped[b] * draw.width;
    const std::int64_t of_ones = (skipped + kDropoutNumbers - 1) / kDropoutNumbers;
    const std::int64_t all = of_ones + (numbers - skipped + kDropoutNumbers - 1) / kDropoutNumbers;
    for (std::int64_t i = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x; i < all; i += threads) {
      if (i < of_ones) {
        for (int k = 0; k < kDropoutNumbers; ++k)
          if (i * kDropoutNumbers + k < skipped) of_sequence[i * kDropoutNumbers + k] = 1.0F;
      } else {
        const auto block = philox_block(draw.key[b], static_cast<std::uint64_t>(i - of_ones));
        const std::int64_t begin = skipped + (i - of_ones) * kDropoutNumbers;
        for (int k = 0; k < kDropoutNumbers; ++k)
          if (begin + k < numbers) of_sequence[begin + k] = dropout_number(block, k, draw);
      }
    }
  }
}

}  // namespace

void dropout_mask(const DropoutDraw& draw, std::span<float> mask) {
  constexpr std::int64_t kMostInGridY = 65535, kPerBlock = std::int64_t{kRowThreads} * kDropoutNumbers;
  if (mask.empty()) return;
  dim3 grid = blocks_for((draw.columns * draw.width + kPerBlock - 1) / kPerBlock);
  grid.y = static_cast<unsigned>(std::min(draw.sequences, kMostInGridY));
  launch(draw_masks, grid, dim3(kRowThreads), 0, stream(), draw, mask.data());
}

}  // namespace goracs::cuda
