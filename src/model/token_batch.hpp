#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

namespace goracs {

/// Token sequences of different lengths as one tensor. Which tokens are padding is decided here, never by an id.
struct TokenBatch {
  at::Tensor ids;                    ///< (B, T) int64
  std::vector<std::int64_t> first;   ///< column of each sequence's first token: 0, or T - length with padding on the left
  std::vector<std::int64_t> length;  ///< of each sequence

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(length.size()); }
  std::int64_t columns() const { return ids.size(1); }
  /// Where token t of sequence b stands among the B * T rows of a flattened tensor.
  std::int64_t row(std::int64_t b, std::int64_t t) const { return b * columns() + first[static_cast<std::size_t>(b)] + t; }
  /// (B, T) bool: true for real tokens.
  at::Tensor mask() const;

  /// Padding on the right: CausalAttention needs no mask, and T is the longest length.
  static TokenBatch padded_right(std::span<const std::span<const std::int32_t>> sequences);
  /// Padding on the left with `pad`, T a multiple of `multiple`: as the reference pads, for its quirks.
  static TokenBatch padded_left(std::span<const std::span<const std::int32_t>> sequences, std::int32_t pad, std::int64_t multiple);
};

}  // namespace goracs
