#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/adapter.hpp"
#include "model/attention.hpp"
#include "model/model_config.hpp"
#include "model/rotary.hpp"
#include "model/sliced_layers.hpp"

namespace goracs {

/// Dropout of a LoRA input x (B, T, in): x times its mask / (1 - p), as the caller draws it.
using LoraDropout = std::function<at::Tensor(const at::Tensor& x, std::int64_t layer, std::string_view module)>;

/// What one forward pass is done with, besides the tokens.
struct ForwardContext {
  Rotary rotary;
  Attention* attention = nullptr;
  const Adapter* adapter = nullptr;  ///< none: the bare base model
  LoraDropout dropout;               ///< none: no dropout
};

/// The inside of the last layer's value projection, for gradients of its lora_B alone (SPEC 4).
struct ValueProbe {
  at::Tensor input;   ///< (B, T, H): what lora_A is applied to (after dropout, where there is any)
  at::Tensor output;  ///< (B, T, KV * D): cut from the graph and made a leaf, so that its gradient is u_t
};

/// A LLaMA with frozen weights (Touvron et al., arXiv 2302.13971): RMSNorm, rotary positions, grouped-query attention, SwiGLU.
/// Only adapters carry gradients. Shapes: B sequences, T tokens, H hidden, V vocabulary.
class Llama {
 public:
  static constexpr std::int64_t kAllLayers = -1;

  /// weights: their type (kFloat or kBFloat16) and device, the CPU unless given. On the CPU they stay in the mapped file where their stored type is
  /// that one, else are converted once.
  /// Errors: kInput (missing or unknown keys, shapes that do not fit); kUsage when `ranks_on_host` such models do not fit into this host's memory.
  /// slices_over: these ranks hold the layers in slices (SlicedLayers; embedding, head and final norm are whole on each). Then each layer's first use
  /// may take part in a gather, and meet_others ends every stretch of passes. Not collective itself.
  static Llama load(const std::filesystem::path& folder, const at::TensorOptions& weights, int ranks_on_host = 1,
                    Communicator* slices_over = nullptr);

  const LlamaConfig& config() const noexcept { return config_; }
  at::ScalarType dtype() const noexcept { return dtype_; }
  at::Device device() const { return embedding_.device(); }
  /// Of token ids, positions and rows that go with it.
  at::TensorOptions indices() const { return at::TensorOptions(at::kLong).device(device()); }

  /// ids (B, T) int64 on any device  ->  (B, T, H)
  at::Tensor embed(const at::Tensor& ids) const;
  /// Layer `index` on x (B, T, H)  ->  (B, T, H). With `probe` the value projection's output is cut from the graph (ValueProbe).
  at::Tensor layer(std::int64_t index, const at::Tensor& x, const ForwardContext& context, ValueProbe* probe = nullptr) const;
  /// The same for one token of each sequence, (B) int64 positions  ->  (B, 1, H): keys and values are computed for all tokens, the rest for
  /// that one. The rotation is rotary_from_zero's, and the attention takes one query a sequence (AttentionAt).
  at::Tensor layer_at(std::int64_t index, const at::Tensor& x, const at::Tensor& positions, const ForwardContext& context,
                      ValueProbe* probe = nullptr) const;
  /// All layers, or those below `until`, and no final norm. `checkpoint_layers`: under autograd keep only each layer's input and compute the
  /// layer again in the backward pass.
  /// Layers in slices are always computed again: their weights are gone by then.
  at::Tensor layers(const at::Tensor& x, const ForwardContext& context, bool checkpoint_layers = false,
                    std::int64_t until = kAllLayers) const;
  /// With layers in slices: goes along with passes that other ranks still make, until none does; to be called before every other exchange, on all
  /// ranks. Without slices it does nothing.
  void meet_others() const;
  bool is_sliced() const noexcept { return slices_ != nullptr; }
  /// Of the base weights that this object holds, slices and whole ones.
  std::int64_t held_bytes() const;
  at::Tensor final_norm(const at::Tensor& x) const;
  /// hidden (..., H) after the final norm  ->  (..., V)
  at::Tensor logits(const at::Tensor& hidden) const;
  /// The head's backward pass: gradient (..., V) of the logits  ->  (..., H) of what they were computed from.
  at::Tensor logits_gradient(const at::Tensor& gradient) const;
  /// The rows `classes` of the head alone: (..., H) -> (..., K)
  at::Tensor logits_of(const at::Tensor& hidden, const at::Tensor& classes) const;
  at::Tensor logits_gradient_of(const at::Tensor& gradient, const at::Tensor& classes) const;

  /// Final-norm hidden states (B, T, H) of ids (B, T) padded on the right (or not at all).
  at::Tensor hidden_states(const at::Tensor& ids, const Adapter* adapter = nullptr) const;
  /// The context for T tokens from position 0 on.
  Rotary rotary_from_zero(std::int64_t length) const;

 private:
  struct Layer {
    at::Tensor input_norm, q_proj, k_proj, v_proj, o_proj, post_attention_norm, gate_proj, up_proj, down_proj;
    std::vector<at::Tensor> tensors() const;  ///< in this order
  };
  /// Whole weights of a layer, to be used until the next one's are asked for.
  Layer weights(std::int64_t index) const;

  at::Tensor project(const at::Tensor& x, const at::Tensor& weight, std::int64_t layer, std::string_view module,
                     const ForwardContext& context, at::Tensor* lora_input = nullptr) const;
  /// `positions`: the one token of each sequence that asks; undefined: all tokens do.
  at::Tensor attend(std::int64_t index, const at::Tensor& x, const ForwardContext& context, ValueProbe* probe,
                    const at::Tensor& positions = {}) const;
  at::Tensor feed_forward(std::int64_t index, const at::Tensor& x, const ForwardContext& context) const;

  LlamaConfig config_;
  at::ScalarType dtype_ = at::kFloat;
  at::Tensor embedding_;       ///< (V, H)
  at::Tensor norm_;            ///< (H)
  at::Tensor head_;            ///< (V, H), the embedding itself when tied
  std::vector<Layer> layers_;  ///< none where they are in slices
  std::shared_ptr<SlicedLayers> slices_;
};

}  // namespace goracs
