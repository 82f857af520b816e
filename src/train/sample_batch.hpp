#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/llama.hpp"
#include "model/token_batch.hpp"
#include "train/training_sample.hpp"

namespace goracs {

using Samples = std::span<const TrainingSample* const>;

/// Samples padded to one tensor, with what a forward pass over them needs. Only the tokens up to the last predicting one are there.
struct SampleBatch {
  TokenBatch tokens;
  std::unique_ptr<Attention> attention;
  ForwardContext context;

  /// names (B): the keys of the samples' dropout (lora_dropout.hpp)
  SampleBatch(const Llama& model, const Adapter& adapter, Samples samples, const LossSettings& loss, double dropout, std::uint64_t seed,
              std::vector<std::string> names);
};

/// The rows that predict something, in front of the head.
struct PredictingRows {
  at::Tensor hidden;                 ///< (n, H) after the final norm
  at::Tensor targets;                ///< (n) int64: token ids (kTokens), class indices (kClasses)
  std::vector<std::int64_t> sample;  ///< (n) ascending: whose
};

/// From the input of the last layer to the rows that predict: for class losses only the answering tokens run through the layer's upper part.
/// With `probe` the value projection is cut from the graph.
PredictingRows predicting_rows(const Llama& model, const SampleBatch& batch, Samples samples, const LossSettings& loss, const at::Tensor& below,
                               ValueProbe* probe = nullptr);

}  // namespace goracs
