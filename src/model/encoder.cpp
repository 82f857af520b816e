#include "model/encoder.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "model/device_kernels.hpp"
#include "model/frozen_linear.hpp"
#include "model/weights.hpp"

namespace goracs {
namespace {

/// Keys of an encoder under the prefixes and names that its family has used.
class EncoderKeys {
 public:
  EncoderKeys(const Weights& weights, const std::filesystem::path& folder, at::Device device)
      : weights_(weights), placed_(at::TensorOptions(at::kFloat).device(device)) {
    for (const char* prefix : {"", "bert.", "roberta."})
      if (weights.contains(std::string(prefix) + "embeddings.word_embeddings.weight")) {
        prefix_ = prefix;
        return;
      }
    fail(ExitCode::kInput, "{}: tensor 'embeddings.word_embeddings.weight' is missing, bare or with prefix bert. or roberta.",
         folder.string());
  }

  at::Tensor load(const std::string& key, const std::vector<std::int64_t>& shape) const {
    return weights_.load(prefix_ + key, shape, placed_);
  }
  /// LayerNorm's parameters were once called gamma and beta.
  at::Tensor load_norm(const std::string& key, const char* name, const char* old_name, std::int64_t size) const {
    const bool old = !weights_.contains(prefix_ + key + name) && weights_.contains(prefix_ + key + old_name);
    return load(key + (old ? old_name : name), {size});
  }

 private:
  const Weights& weights_;
  at::TensorOptions placed_;
  std::string prefix_;
};

/// (B, T) bool, of the ids' device: false for padding.
at::Tensor is_token(const std::vector<std::int64_t>& lengths, const at::Tensor& ids) {
  return at::arange(ids.size(1), ids.options()) < at::tensor(lengths, at::kLong).to(ids.device()).unsqueeze(1);
}

}  // namespace

Encoder Encoder::load(const std::filesystem::path& folder, at::Device device) {
  Encoder encoder;
  encoder.config_ = EncoderConfig::read(folder);
  const EncoderConfig& c = encoder.config_;
  const Weights weights = Weights::open_folder(folder);
  const EncoderKeys keys(weights, folder, device);
  const auto linear = [&](const std::string& key, std::int64_t in, std::int64_t out) {
    return Linear{keys.load(key + ".weight", {out, in}), keys.load(key + ".bias", {out})};
  };
  const auto norm = [&](const std::string& key) {
    return Norm{keys.load_norm(key, ".weight", ".gamma", c.hidden_size), keys.load_norm(key, ".bias", ".beta", c.hidden_size)};
  };
  encoder.words_ = keys.load("embeddings.word_embeddings.weight", {c.vocab_size, c.hidden_size});
  encoder.positions_ = keys.load("embeddings.position_embeddings.weight", {c.max_position_embeddings, c.hidden_size});
  encoder.types_ = keys.load("embeddings.token_type_embeddings.weight", {c.type_vocab_size, c.hidden_size});
  encoder.embedding_norm_ = norm("embeddings.LayerNorm");
  for (std::int64_t i = 0; i < c.num_layers; ++i) {
    const std::string at = fmt::format("encoder.layer.{}.", i);
    Layer layer;
    layer.query = linear(at + "attention.self.query", c.hidden_size, c.hidden_size);
    layer.key = linear(at + "attention.self.key", c.hidden_size, c.hidden_size);
    layer.value = linear(at + "attention.self.value", c.hidden_size, c.hidden_size);
    layer.output = linear(at + "attention.output.dense", c.hidden_size, c.hidden_size);
    layer.attention_norm = norm(at + "attention.output.LayerNorm");
    layer.intermediate = linear(at + "intermediate.dense", c.hidden_size, c.intermediate_size);
    layer.down = linear(at + "output.dense", c.intermediate_size, c.hidden_size);
    layer.output_norm = norm(at + "output.LayerNorm");
    encoder.layers_.push_back(std::move(layer));
  }
  return encoder;
}

at::Tensor Encoder::norm(const at::Tensor& x, const Norm& norm) const {
  return at::layer_norm(x, {config_.hidden_size}, norm.weight, norm.bias, config_.layer_norm_eps);
}

at::Tensor Encoder::layer(const Layer& layer, const at::Tensor& x, const at::Tensor& mask) const {
  const std::int64_t batch = x.size(0), length = x.size(1), heads = config_.num_heads;
  const auto split = [&](const Linear& linear) {
    return frozen_linear(x, linear.weight, linear.bias).view({batch, length, heads, config_.hidden_size / heads}).transpose(1, 2);
  };
  const std::optional<at::Tensor> seen = mask.defined() ? std::optional(mask) : std::nullopt;
  const at::Tensor mixed = at::scaled_dot_product_attention(split(layer.query), split(layer.key), split(layer.value), seen);
  const at::Tensor joined = mixed.transpose(1, 2).reshape({batch, length, config_.hidden_size});
  const at::Tensor attended = norm(frozen_linear_plus(joined, layer.output.weight, layer.output.bias, x), layer.attention_norm);
  const at::Tensor wide = frozen_linear(attended, layer.intermediate.weight, layer.intermediate.bias, Activation::kGelu);
  return norm(frozen_linear_plus(wide, layer.down.weight, layer.down.bias, attended), layer.output_norm);
}

at::Tensor Encoder::hidden_states(const at::Tensor& given_ids, const std::vector<std::int64_t>& lengths) const {
  const at::Tensor ids = given_ids.to(words_.device());
  const std::int64_t length = ids.size(1);
  GORACS_CHECK_INPUT(length <= config_.max_length(), "{} tokens are more than the encoder's {} positions", length, config_.max_length());
  // BERT counts positions from 0; RoBERTa from pad id + 1 over ids that are no padding, the rest stands at the pad id
  at::Tensor positions = at::arange(length, ids.options()).unsqueeze(0);
  if (config_.kind == EncoderKind::kRoberta) {
    const at::Tensor real = ids.ne(config_.pad_token_id).to(at::kLong);
    positions = real.cumsum(1) * real + config_.pad_token_id;
  }
  at::Tensor x = norm(at::embedding(words_, ids) + types_[0] + at::embedding(positions_, positions), embedding_norm_);

  at::Tensor mask;  // (B, 1, 1, T), undefined when there is no padding
  if (std::ranges::min(lengths) < length) mask = is_token(lengths, ids).unsqueeze(1).unsqueeze(1);
  for (const Layer& one : layers_) x = layer(one, x, mask);
  return x;
}

at::Tensor Encoder::mean_pooled(const at::Tensor& ids, const std::vector<std::int64_t>& lengths) const {
  const at::Tensor hidden = hidden_states(ids, lengths);
  return masked_mean(hidden, is_token(lengths, ids.to(hidden.device())));
}

}  // namespace goracs
