#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "train/sample_batch.hpp"

namespace goracs {

struct MicroBatchSettings {
  LossSettings loss;
  double dropout = 0;
  std::uint64_t seed = 0;          ///< of the dropout
  bool checkpoint_layers = false;  ///< keep each layer's input only and compute it again in the backward pass
};

struct MicroBatchGradient {
  double loss = 0;              ///< mean over the micro-batch's labelled tokens (kTokens) or samples (kClasses), all together
  std::vector<float> gradient;  ///< of that loss by all adapter tensors, flat, in Adapter::tensors() order
};

/// `name` keys the dropout: "step 12 micro-batch 3". The adapter's tensors track gradients.
MicroBatchGradient micro_batch_gradient(const Llama& model, const Adapter& adapter, Samples samples, const MicroBatchSettings& settings,
                                        const std::string& name);

/// Sum of a sample's losses and how many there are, without dropout or graph: what a validation loss is made of.
struct SampleLoss {
  double sum = 0;
  double count = 0;
};

/// What all samples begin with, computed once for one state of the adapter: its keys and values, and the losses of its own tokens.
struct SharedStart {
  PrefixCache prefix;
  SampleLoss loss;

  /// shared: shared_tokens(all samples, loss)
  SharedStart(const Llama& model, const Adapter& adapter, std::span<const std::int32_t> shared, const LossSettings& loss_settings);
};
std::vector<SampleLoss> sample_losses(const Llama& model, const Adapter& adapter, Samples samples, const LossSettings& loss,
                                      const SharedStart& start);

/// All tensors one after the other, and back into them.
std::vector<float> flattened(const std::vector<at::Tensor>& tensors);
void unflatten(std::span<const float> flat, const std::vector<at::Tensor>& tensors);

}  // namespace goracs
