#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/llama.hpp"
#include "model/prefix_cache.hpp"
#include "model/token_batch.hpp"
#include "train/training_sample.hpp"

namespace goracs {

using Samples = std::span<const TrainingSample* const>;

/// Samples padded to one tensor, with what a forward pass over them needs. Only the tokens from the shared prefix on, up to the last
/// predicting one, are there.
struct SampleBatch {
  std::int64_t shared = 0;  ///< tokens of the prefix
  TokenBatch tokens;
  std::unique_ptr<Attention> attention;
  ForwardContext context;

  /// prefix: what all samples begin with, empty for nothing (with dropout or padding on the left nothing can be shared)
  /// names (B): the keys of the samples' dropout (lora_dropout.hpp)
  SampleBatch(const Llama& model, const Adapter& adapter, Samples samples, const LossSettings& loss, const PrefixCache& prefix,
              double dropout, std::uint64_t seed, std::vector<std::string> names);
};

/// Only a token loss can have a label that padding predicts.
inline bool pads_left(const LossSettings& loss) { return loss.label_first && loss.kind == LossKind::kTokens; }

/// The tokens that a forward pass needs: what stands behind the last predicting one is left out.
std::span<const std::int32_t> used_tokens(const TrainingSample& sample, const LossSettings& loss);

/// The tokens that all samples begin with, at least one being left behind them, and that one forward pass may compute for all: none where
/// padding stands on the left, and none where the labels of some sample begin inside them.
std::vector<std::int32_t> shared_tokens(std::span<const TrainingSample> samples, const LossSettings& loss);

/// The rows that predict something, in front of the head.
struct PredictingRows {
  at::Tensor hidden;                 ///< (n, H) after the final norm
  at::Tensor targets;                ///< (n) int64: token ids (kTokens), class indices (kClasses)
  std::vector<std::int64_t> sample;  ///< (n) ascending: whose
};

/// From the input of the last layer to the rows that predict (those behind the prefix): for class losses only the answering tokens run through the layer's upper part.
/// With `probe` the value projection is cut from the graph.
PredictingRows predicting_rows(const Llama& model, const SampleBatch& batch, Samples samples, const LossSettings& loss,
                               const at::Tensor& below, ValueProbe* probe = nullptr);

}  // namespace goracs
