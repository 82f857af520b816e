#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace goracs {

/// What the dropout of a batch is drawn from: `sequences` of `columns` tokens of `width` components.
struct DropoutDraw {
  const std::uint64_t* key = nullptr;     ///< (sequences) of Philox
  const std::int64_t* skipped = nullptr;  ///< (sequences) leading columns that are none of the sequence's tokens, 0 to columns
  std::int64_t sequences = 0, columns = 0, width = 0;
  std::uint32_t threshold = 0;  ///< of 2^16: a component whose 16 bits are below is dropped
  float kept = 1;               ///< the others' factor
};

// mask[b, c, :] = 1 for c < skipped[b]. Number k of the rest, row-major within the sequence, is 0 where half-word k mod 8 of Philox block k / 8
// (base/philox.hpp) is below the threshold, else kept. Half-word 2 i of a block is the lower half of its word i, 2 i + 1 the upper one.
//   mask  (sequences, columns, width) float32; the same bits on device and CPU
// Writes 4 sequences columns width bytes once, 20 multiplications for eight numbers: bound by memory on a GPU, by the multiplications on a CPU.

inline constexpr int kDropoutNumbers = 8;  ///< of one Philox block

/// The mask's number `k` of a block.
constexpr float dropout_number(const std::array<std::uint32_t, 4>& block, int k, const DropoutDraw& draw) {
  constexpr std::uint32_t kHalf = 0xFFFF;
  const std::uint32_t word = block[static_cast<std::size_t>(k / 2)];
  return ((k % 2 == 0 ? word : word >> 16) & kHalf) < draw.threshold ? 0.0F : draw.kept;
}

namespace cpu {
void dropout_mask(const DropoutDraw& draw, std::span<float> mask);
}  // namespace cpu

namespace cuda {
void dropout_mask(const DropoutDraw& draw, std::span<float> mask);
}  // namespace cuda

}  // namespace goracs
