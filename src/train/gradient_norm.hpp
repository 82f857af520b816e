#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "train/sample_batch.hpp"

namespace goracs {

struct GradientNormSettings {
  LossSettings loss;
  double dropout = 0;
  std::uint64_t seed = 0;  ///< of the dropout
};

/// Of each sample of a batch: its loss and the gradient of that loss by lora_B of the last layer's v_proj, as the factors that it is made of.
struct SampleGradients {
  at::Tensor loss;  ///< (B) float64, on the host
  /// (B, T, out) and (B, T, r) float32: the sample's own tokens.
  at::Tensor u, z;
  /// (B, KV, P, D) and (P, r) float32: what reaches the shared tokens from later ones; undefined without any.
  at::Tensor shared_u, shared_z;
  /// (B) and (out, r) float32: how much a sample takes of the gradient of the shared tokens' own losses; undefined without any.
  at::Tensor share, shared_gradient;
  double scale = 1;  ///< alpha / r

  /// (B, out, r) float32.
  at::Tensor gradient() const;
  /// (B) float64: L2 norm of each sample's gradient; on a GPU by kernels/low_rank_norm.hpp.
  at::Tensor norm() const;
};

/// The gradients of whole batches, each from one backward pass (SPEC 4). Samples do not interact, so with u_t the gradient of the summed losses
/// at the value projection's output and z_t = A x_t, sample i's gradient is (alpha / r) sum_t u_t z_t^T over its own tokens.
///   kTokens    loss_i = sum of its token losses / number of them above 0
///   kClasses   loss_i = cross-entropy over the class tokens
/// Everything below the last layer runs without a graph; the graph begins at the value projection's output and ends at the rows that
/// predict, since the head's gradient has a closed form (row_loss.hpp).
///
/// What all samples begin with is computed once for all: its keys and values, its token losses, and its part of their gradient, since
/// nothing of it depends on what follows. Only the gradient that reaches its values from later tokens is each sample's own.
class GradientNorms {
 public:
  /// shared: shared_tokens(all samples, settings.loss), or nothing; nothing is shared where there is dropout
  GradientNorms(const Llama& model, const Adapter& adapter, const GradientNormSettings& settings, std::span<const std::int32_t> shared);

  ///   indices (B): which sample of the pool each is, the key of its dropout
  /// Errors: kNumeric when a loss is not finite, naming the sample; kInput when the adapter does not adapt v_proj.
  SampleGradients of(Samples samples, std::span<const std::int64_t> indices) const;

 private:
  /// The token losses of the prefix, their number above 0, and (out, r) sum_t u_t z_t^T of their sum.
  struct SharedLosses {
    double sum = 0;
    double count = 0;
    at::Tensor gradient;
  };
  void prepare_shared(std::span<const std::int32_t> shared);
  at::Tensor lora_a_of(const at::Tensor& input) const;

  const Llama& model_;
  const Adapter& adapter_;
  GradientNormSettings settings_;
  const LoraPair* pair_;  ///< of the last layer's v_proj
  PrefixCache prefix_;    ///< below the last layer
  KeyValue prefix_last_;  ///< of the last layer
  at::Tensor prefix_z_;   ///< (P, r)
  SharedLosses shared_losses_;
};

}  // namespace goracs
