#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "train/training_sample.hpp"

namespace goracs {

struct GradientNormSettings {
  LossKind loss = LossKind::kTokens;
  std::vector<std::int64_t> class_tokens;  ///< first tokens of the classes (kClasses)
  double dropout = 0;
  std::uint64_t seed = 0;    ///< of the dropout
  bool label_first = false;  ///< pad on the left as the reference does, so that a label at token 0 is predicted from padding (kTokens)
  std::int32_t pad_id = 0;   ///< which token such padding is
};

/// Of each sample of a batch: its loss and the gradient of that loss by lora_B of the last layer's v_proj.
struct SampleGradients {
  at::Tensor loss;      ///< (B) float64
  at::Tensor gradient;  ///< (B, out, r) float32
  at::Tensor norm() const;  ///< (B) float64: L2 norm of each sample's gradient
};

/// The gradients of a whole batch from one backward pass (SPEC 4). Samples do not interact, so with u_t the gradient of the summed losses at
/// the value projection's output and z_t = A x_t, sample i's gradient is (alpha / r) sum_t u_t z_t^T over its own tokens.
///
/// Everything below the last layer runs without a graph; the graph begins at the value projection's output and ends at the hidden states,
/// since the head's gradient has a closed form (token_losses). For class losses the last layer's upper part and the head are computed for
/// the answering token alone.
///   indices (B): which sample of the pool each is, the key of its dropout
/// Errors: kNumeric when a loss is not finite, naming the sample.
SampleGradients sample_gradients(const Llama& model, const Adapter& adapter, std::span<const TrainingSample* const> samples,
                                 std::span<const std::int64_t> indices, const GradientNormSettings& settings);

}  // namespace goracs
