#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "model/attention.hpp"
#include "model/prefix_cache.hpp"

namespace goracs {

/// Keys and values of N prompts, W beams each, while they are generated.
///
/// One row of `key_` a prompt: its own S tokens (padded on the right), then W generated tokens a step. Which of them a beam sees is a row of
/// the mask; a beam that goes on from another takes over its row and adds its own newest token.
///
///   W = 2, step 1: beams a b      step 2: both go on from b      columns  | prompt | a b | c d |
///                                 mask of c:                                  1      0 1   1 0
///                                 mask of d:                                  1      0 1   0 1
class BeamCache final : public Attention {
 public:
  /// prompts: keys and values of each layer (N, KV, S, D); length (N) of each prompt behind the prefix
  BeamCache(const PrefixCache& prefix, const std::vector<KeyValue>& prompts, std::span<const std::int64_t> length, std::int64_t num_beams,
            std::int64_t max_steps);

  /// Before a step: beam w of prompt n goes on from beam parent[n * W + w] of the step before.
  void begin_step(std::span<const std::int64_t> parent);
  /// Keeps only these prompts, in this order.
  void keep(const at::Tensor& prompts);

  /// query (N, H, W, D), key and value (N, KV, W, D): one token of each beam.
  at::Tensor operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) override;

 private:
  std::int64_t columns() const { return prompt_columns_ + steps_ * num_beams_; }

  const PrefixCache& prefix_;
  std::int64_t num_beams_;
  std::int64_t prompt_columns_;
  std::int64_t steps_ = 0;
  std::vector<KeyValue> layers_;  ///< (N, KV, S + W * max_steps, D)
  at::Tensor mask_;               ///< (N, W, S + W * max_steps) float32: 0 where a beam sees the column, else -inf
};

}  // namespace goracs
