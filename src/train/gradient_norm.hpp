#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>

#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "train/sample_batch.hpp"

namespace goracs {

struct GradientNormSettings {
  LossSettings loss;
  double dropout = 0;
  std::uint64_t seed = 0;  ///< of the dropout
};

/// Of each sample of a batch: its loss and the gradient of that loss by lora_B of the last layer's v_proj.
struct SampleGradients {
  at::Tensor loss;      ///< (B) float64
  at::Tensor gradient;  ///< (B, out, r) float32
  at::Tensor norm() const;  ///< (B) float64: L2 norm of each sample's gradient
};

/// The gradients of a whole batch from one backward pass (SPEC 4). Samples do not interact, so with u_t the gradient of the summed losses at
/// the value projection's output and z_t = A x_t, sample i's gradient is (alpha / r) sum_t u_t z_t^T over its own tokens.
///   kTokens    loss_i = sum of its token losses / number of them above 0
///   kClasses   loss_i = cross-entropy over the class tokens
/// Everything below the last layer runs without a graph; the graph begins at the value projection's output and ends at the rows that
/// predict, since the head's gradient has a closed form (row_loss.hpp).
///   indices (B): which sample of the pool each is, the key of its dropout
/// Errors: kNumeric when a loss is not finite, naming the sample; kInput when the adapter does not adapt v_proj.
SampleGradients sample_gradients(const Llama& model, const Adapter& adapter, Samples samples, std::span<const std::int64_t> indices,
                                 const GradientNormSettings& settings);

}  // namespace goracs
