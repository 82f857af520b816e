#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "model/model_config.hpp"

namespace goracs {

/// Rank, scale and targets of a LoRA adapter (Hu et al., arXiv 2106.09685): W' = W + (alpha / r) B A.
struct LoraShape {
  std::int64_t r = 8;
  double alpha = 16;
  double dropout = 0.05;
  std::vector<std::string> target_modules = {"q_proj", "v_proj"};
  double scale() const { return alpha / static_cast<double>(r); }
};

/// One adapted projection: a (r, in), b (out, r), float32 leaves.
struct LoraPair {
  at::Tensor a;
  at::Tensor b;
};

/// A LoRA adapter of one LLaMA: a pair for each layer and target module, in that order.
class Adapter {
 public:
  /// B = 0 and A ~ U(-1/sqrt(in), 1/sqrt(in)), drawn by a counter-based generator keyed by (seed, tensor name): the same numbers
  /// whatever the order, rank or thread that asks.
  static Adapter fresh(const LlamaConfig& model, const LoraShape& shape, std::uint64_t seed);

  /// A PEFT folder (adapter_config.json and adapter_model.safetensors or .bin), strict both ways: every key it names must be there, and
  /// no other. Errors: kInput naming file and key; an adapter of another model; settings that change the meaning (use_dora, rank_pattern,
  /// ...) are refused by name.
  static Adapter load(const std::filesystem::path& folder, const LlamaConfig& model);

  /// Writes a PEFT folder that `peft` loads, re-reads it and compares bit for bit. `base_model` is the name noted in its configuration.
  /// Errors: kIo.
  void save(const std::filesystem::path& folder, const std::string& base_model) const;

  const LoraShape& shape() const noexcept { return shape_; }
  std::int64_t num_layers() const noexcept { return num_layers_; }
  /// The pair of a layer's module, or null where that module is not adapted.
  const LoraPair* find(std::int64_t layer, std::string_view module) const;

  /// All tensors, a before b, in the order of layers and targets; their names as in a PEFT file.
  std::vector<at::Tensor> tensors() const;
  /// Those of one layer.
  std::vector<at::Tensor> layer_tensors(std::int64_t layer) const;
  std::vector<std::string> names() const;
  std::int64_t num_parameters() const;

  /// A copy that shares nothing, without gradients.
  Adapter clone() const;
  /// The same on this device, without gradients; what is there already is shared.
  Adapter on(at::Device device) const;
  void track_gradients(bool tracked);
  /// sqrt of the sum of squares of all B: 0 for an adapter that changes nothing.
  double b_norm() const;
  /// "adapter: 128 tensors, 16.8 MB, |B|_F = 3.21"
  std::string summary() const;

 private:
  /// All zeros, of the right shapes; targets sorted in the order of a layer's modules.
  static Adapter empty(const LlamaConfig& model, const LoraShape& shape);

  LoraShape shape_;
  std::int64_t num_layers_ = 0;
  std::vector<LoraPair> pairs_;  ///< num_layers x targets
};

/// (in, out) of a projection of the LLaMA: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj. Errors: kInput for another name.
std::pair<std::int64_t, std::int64_t> projection_shape(const LlamaConfig& model, std::string_view module);

}  // namespace goracs
