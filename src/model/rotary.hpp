#pragma once

#include <torch/types.h>

#include "model/model_config.hpp"

namespace goracs {

/// Rotary position embedding (Su et al., arXiv 2104.09864): component k of a head pairs with component k + D/2.
struct Rotary {
  at::Tensor cos;  ///< (1 or B, 1, T, D/2) in the model's dtype
  at::Tensor sin;

  /// positions (T) or (B, T) int64. Angles in float32 as in the reference implementations.
  static Rotary at_positions(const LlamaConfig& config, const at::Tensor& positions, at::ScalarType dtype);

  /// One row for each of B sequences that share these angles: positions (B) int64  ->  (B, 1, 1, D/2).
  Rotary of_rows(const at::Tensor& positions) const;

  /// x (B, H, T, D) rotated.
  at::Tensor apply(const at::Tensor& x) const;
};

/// Inverse frequencies (D/2) float32, scaled as the config says.
at::Tensor inverse_frequencies(const LlamaConfig& config);

}  // namespace goracs
