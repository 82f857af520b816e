#include "model/prefix_cache.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <utility>

#include "model/token_batch.hpp"

namespace goracs {

at::Tensor KeepingAttention::operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  kept_.push_back({key, value});
  return causal_(layer, query, key, value);
}

std::int64_t common_prefix(std::span<const std::span<const std::int32_t>> sequences) {
  if (sequences.empty()) return 0;
  const auto first = sequences.front();
  std::size_t common = first.size();
  for (const auto& sequence : sequences) {
    const std::size_t compared = std::min(common, sequence.size());
    common = static_cast<std::size_t>(
        std::mismatch(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(compared), sequence.begin()).first - first.begin());
    if (common == sequence.size() && common > 0) --common;  // its last token must still be asked for a prediction
  }
  return static_cast<std::int64_t>(common);
}

PrefixCache::PrefixCache(const Llama& model, const Adapter* adapter, std::span<const std::int32_t> tokens, std::int64_t num_layers)
    : size_(static_cast<std::int64_t>(tokens.size())) {
  if (tokens.empty()) return;
  const at::NoGradGuard no_graph;
  const std::span<const std::int32_t> sequences[] = {tokens};
  const TokenBatch batch = TokenBatch::padded_right(sequences);
  KeepingAttention attention(layers_);
  hidden_ = model.layers(model.embed(batch.ids), {model.rotary_from_zero(size_), &attention, adapter, {}}, false, num_layers);
}

SuffixAttention::SuffixAttention(PrefixCache prefix, at::Tensor positions, std::vector<KeyValue>* kept)
    : prefix_(std::move(prefix)), positions_(std::move(positions)), kept_(kept) {}

at::Tensor SuffixAttention::operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  if (kept_ != nullptr) kept_->push_back({key, value});
  const bool is_single = query.size(2) == 1 && key.size(2) != 1;
  if (prefix_.size() == 0) {
    CausalAttention causal;
    AttentionAt at_position(positions_);
    return is_single ? at_position(layer, query, key, value) : causal(layer, query, key, value);
  }
  const std::int64_t sequences = key.size(0), suffix = key.size(2);
  const KeyValue& shared = prefix_.layer(layer);
  const auto behind = [&](const at::Tensor& front, const at::Tensor& back) {
    return at::cat({front.expand({sequences, -1, -1, -1}), back}, 2);
  };
  // key k is seen from position p when k <= P + p
  const at::TensorOptions indices = key.options().dtype(at::kLong);
  const at::Tensor keys = at::arange(prefix_.size() + suffix, indices);
  const at::Tensor from = is_single ? positions_.view({-1, 1, 1, 1}) : at::arange(suffix, indices).view({1, 1, -1, 1});
  const at::Tensor seen = keys.view({1, 1, 1, -1}) <= from + prefix_.size();
  return at::scaled_dot_product_attention(query, behind(shared.key, key), behind(shared.value, value), seen, 0.0, false, {},
                                          query.size(1) != key.size(1));
}

at::Tensor last_hidden(const Llama& model, const Adapter* adapter, const PrefixCache& prefix,
                       std::span<const std::span<const std::int32_t>> sequences, std::vector<KeyValue>* kept) {
  const at::NoGradGuard no_graph;
  std::vector<std::span<const std::int32_t>> suffixes;
  for (const auto& sequence : sequences) suffixes.push_back(sequence.subspan(static_cast<std::size_t>(prefix.size())));
  const TokenBatch batch = TokenBatch::padded_right(suffixes);
  const at::Tensor positions = at::tensor(batch.length, model.indices()) - 1;
  SuffixAttention attention(prefix, positions, kept);
  const at::Tensor from_prefix = at::arange(prefix.size(), prefix.size() + batch.columns(), model.indices());
  const ForwardContext context{Rotary::at_positions(model.config(), from_prefix, model.dtype()), &attention, adapter, {}};
  const std::int64_t last = model.config().num_layers - 1;
  const at::Tensor below = model.layers(model.embed(batch.ids), context, false, last);
  return model.final_norm(model.layer_at(last, below, positions, context)).squeeze(1);
}

}  // namespace goracs
