#include "model/llama.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "model/frozen_linear.hpp"
#include "model/layer_checkpoint.hpp"
#include "model/norm.hpp"
#include "model/weights.hpp"

namespace goracs {
namespace {

/// x (B, T, H)  ->  (B, 1, H): one token of each sequence.
at::Tensor token_at(const at::Tensor& x, const at::Tensor& positions) {
  return x.gather(1, positions.view({-1, 1, 1}).expand({-1, 1, x.size(2)}));
}

bool is_of_a_layer(const std::string& key) { return key.starts_with("model.layers."); }

/// One rank's share of the host where the layers are in slices: 1 / ranks of each, and two whole ones. Of those that a GPU holds one at a time, while it
/// is cut.
Weights::Footprint sliced_footprint(const Weights& weights, const LlamaConfig& config, at::ScalarType dtype, int ranks, bool on_device) {
  Weights::Footprint bytes = weights.footprint(dtype, [](const std::string& key) { return !is_of_a_layer(key); });
  const Weights::Footprint layers = weights.footprint(dtype, is_of_a_layer);
  const std::int64_t all = layers.mapped + layers.converted, one = all / std::max<std::int64_t>(config.num_layers, 1);
  bytes.converted += on_device ? one : all / ranks + 2 * one;
  return bytes;
}

}  // namespace

Llama Llama::load(const std::filesystem::path& folder, const at::TensorOptions& placed, int ranks_on_host, Communicator* slices_over) {
  Llama model;
  model.config_ = LlamaConfig::read(folder);
  const at::ScalarType dtype = model.dtype_ = c10::typeMetaToScalarType(placed.dtype());
  const LlamaConfig& c = model.config_;
  const Weights weights = Weights::open_folder(folder);
  if (slices_over != nullptr) model.slices_ = std::make_shared<SlicedLayers>(*slices_over, placed.device());
  weights.check_fits(
      model.slices_ ? sliced_footprint(weights, c, dtype, slices_over->size(), model.slices_->are_on_device()) : weights.footprint(dtype),
      ranks_on_host, dtype);
  std::set<std::string> used;
  const auto take = [&](const std::string& key, const std::vector<std::int64_t>& shape) {
    used.insert(key);
    return weights.load(key, shape, slices_over != nullptr && is_of_a_layer(key) ? placed.device(at::kCPU) : placed);
  };
  model.embedding_ = take("model.embed_tokens.weight", {c.vocab_size, c.hidden_size});
  model.norm_ = take("model.norm.weight", {c.hidden_size});
  // a tied model stores no head; one that stores it all the same means the embedding
  model.head_ = c.tie_word_embeddings ? model.embedding_ : take("lm_head.weight", {c.vocab_size, c.hidden_size});
  const auto projection = [&](std::int64_t i, const char* block, const char* module) {
    const auto [in, out] = projection_shape(c, module);
    return take(fmt::format("model.layers.{}.{}.{}.weight", i, block, module), {out, in});
  };
  for (std::int64_t i = 0; i < c.num_layers; ++i) {
    Layer layer;
    layer.input_norm = take(fmt::format("model.layers.{}.input_layernorm.weight", i), {c.hidden_size});
    layer.post_attention_norm = take(fmt::format("model.layers.{}.post_attention_layernorm.weight", i), {c.hidden_size});
    layer.q_proj = projection(i, "self_attn", "q_proj");
    layer.k_proj = projection(i, "self_attn", "k_proj");
    layer.v_proj = projection(i, "self_attn", "v_proj");
    layer.o_proj = projection(i, "self_attn", "o_proj");
    layer.gate_proj = projection(i, "mlp", "gate_proj");
    layer.up_proj = projection(i, "mlp", "up_proj");
    layer.down_proj = projection(i, "mlp", "down_proj");
    if (model.slices_)
      model.slices_->append(layer.tensors());
    else
      model.layers_.push_back(std::move(layer));
  }
  // a layer more than the config says, or a bias, would be another model
  for (const auto& [key, view] : weights.tensors())
    GORACS_CHECK_INPUT(!is_of_a_layer(key) || used.contains(key) || key.ends_with(".rotary_emb.inv_freq"),
                       "{}: tensor '{}' belongs to no layer that config.json describes", folder.string(), key);
  return model;
}

std::vector<at::Tensor> Llama::Layer::tensors() const {
  return {input_norm, q_proj, k_proj, v_proj, o_proj, post_attention_norm, gate_proj, up_proj, down_proj};
}

Llama::Layer Llama::weights(std::int64_t index) const {
  if (!slices_) return layers_[static_cast<std::size_t>(index)];
  const std::vector<at::Tensor>& t = slices_->at(index);
  return {t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8]};
}

void Llama::meet_others() const {
  if (slices_) slices_->meet();
}

std::int64_t Llama::held_bytes() const {
  std::vector<at::Tensor> whole = {embedding_, norm_};
  if (!config_.tie_word_embeddings) whole.push_back(head_);
  for (const Layer& layer : layers_)
    for (const at::Tensor& tensor : layer.tensors()) whole.push_back(tensor);
  std::int64_t bytes = slices_ ? slices_->held_bytes() : 0;
  for (const at::Tensor& tensor : whole) bytes += static_cast<std::int64_t>(tensor.nbytes());
  return bytes;
}

at::Tensor Llama::embed(const at::Tensor& ids) const { return at::embedding(embedding_, ids.to(device())); }

/// W x + (alpha / r) B A dropout(x)
at::Tensor Llama::project(const at::Tensor& x, const at::Tensor& weight, std::int64_t layer, std::string_view module,
                          const ForwardContext& context, at::Tensor* lora_input) const {
  at::Tensor y = frozen_linear(x, weight);
  const LoraPair* lora = context.adapter != nullptr ? context.adapter->find(layer, module) : nullptr;
  if (lora == nullptr) return y;
  const at::Tensor dropped = context.dropout ? context.dropout(x, layer, module) : x;
  if (lora_input != nullptr) *lora_input = dropped;
  const at::Tensor low = at::linear(dropped, lora->a.to(x.scalar_type()));
  return y + at::linear(low, lora->b.to(x.scalar_type())) * context.adapter->shape().scale();
}

at::Tensor Llama::attend(std::int64_t index, const at::Tensor& x, const ForwardContext& context, ValueProbe* probe,
                         const at::Tensor& positions) const {
  const Layer layer = weights(index);
  const std::int64_t batch = x.size(0);
  const auto heads = [&](const at::Tensor& y, std::int64_t count) { return y.view({batch, -1, count, config_.head_dim}).transpose(1, 2); };
  at::Tensor value = project(x, layer.v_proj, index, "v_proj", context, probe != nullptr ? &probe->input : nullptr);
  if (probe != nullptr) {
    value = value.detach().requires_grad_(true);
    probe->output = value;
  }
  const at::Tensor asking = positions.defined() ? token_at(x, positions) : x;
  const Rotary rotary = positions.defined() ? context.rotary.of_rows(positions) : context.rotary;
  const at::Tensor query = rotary.apply(heads(project(asking, layer.q_proj, index, "q_proj", context), config_.num_heads));
  const at::Tensor key = context.rotary.apply(heads(project(x, layer.k_proj, index, "k_proj", context), config_.num_key_value_heads));
  const at::Tensor mixed = (*context.attention)(index, query, key, heads(value, config_.num_key_value_heads));
  return project(mixed.transpose(1, 2).reshape({batch, -1, config_.num_heads * config_.head_dim}), layer.o_proj, index, "o_proj", context);
}

at::Tensor Llama::feed_forward(std::int64_t index, const at::Tensor& x, const ForwardContext& context) const {
  const Layer layer = weights(index);
  const at::Tensor gate = project(x, layer.gate_proj, index, "gate_proj", context);
  const at::Tensor up = project(x, layer.up_proj, index, "up_proj", context);
  return project(at::silu(gate) * up, layer.down_proj, index, "down_proj", context);
}

at::Tensor Llama::layer(std::int64_t index, const at::Tensor& x, const ForwardContext& context, ValueProbe* probe) const {
  const Layer layer = weights(index);
  const at::Tensor attended = x + attend(index, rms_norm(x, layer.input_norm, config_.rms_norm_eps), context, probe);
  return attended + feed_forward(index, rms_norm(attended, layer.post_attention_norm, config_.rms_norm_eps), context);
}

at::Tensor Llama::layer_at(std::int64_t index, const at::Tensor& x, const at::Tensor& positions, const ForwardContext& context,
                           ValueProbe* probe) const {
  const Layer layer = weights(index);
  const at::Tensor attended =
      token_at(x, positions) + attend(index, rms_norm(x, layer.input_norm, config_.rms_norm_eps), context, probe, positions);
  return attended + feed_forward(index, rms_norm(attended, layer.post_attention_norm, config_.rms_norm_eps), context);
}

at::Tensor Llama::layers(const at::Tensor& x, const ForwardContext& context, bool checkpoint_layers, std::int64_t until) const {
  at::Tensor y = x;
  for (std::int64_t i = 0; i < (until == kAllLayers ? config_.num_layers : until); ++i) {
    const auto step = [this, i, &context](const at::Tensor& input) { return layer(i, input, context); };
    y = (checkpoint_layers || slices_) && context.adapter != nullptr && at::GradMode::is_enabled()
            ? checkpointed(step, y, context.adapter->layer_tensors(i))
            : step(y);
  }
  return y;
}

at::Tensor Llama::final_norm(const at::Tensor& x) const { return rms_norm(x, norm_, config_.rms_norm_eps); }

at::Tensor Llama::logits(const at::Tensor& hidden) const { return frozen_linear(hidden, head_); }

at::Tensor Llama::logits_gradient(const at::Tensor& gradient) const { return frozen_linear(gradient, head_.t()); }

at::Tensor Llama::logits_of(const at::Tensor& hidden, const at::Tensor& classes) const {
  return at::linear(hidden, head_.index_select(0, classes));
}

at::Tensor Llama::logits_gradient_of(const at::Tensor& gradient, const at::Tensor& classes) const {
  return at::matmul(gradient, head_.index_select(0, classes));
}

Rotary Llama::rotary_from_zero(std::int64_t length) const { return Rotary::at_positions(config_, at::arange(length, indices()), dtype_); }

at::Tensor Llama::hidden_states(const at::Tensor& ids, const Adapter* adapter) const {
  CausalAttention attention;
  const ForwardContext context{rotary_from_zero(ids.size(1)), &attention, adapter, {}};
  return final_norm(layers(embed(ids), context));
}

}  // namespace goracs
