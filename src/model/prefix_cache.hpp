#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "model/adapter.hpp"
#include "model/llama.hpp"

namespace goracs {

/// Rotated keys and values of one layer.
struct KeyValue {
  at::Tensor key;    ///< (B, KV, T, D)
  at::Tensor value;  ///< (B, KV, T, D)
};

/// Causal attention that keeps the keys and values of every layer it is asked for.
class KeepingAttention final : public Attention {
 public:
  explicit KeepingAttention(std::vector<KeyValue>& kept) : kept_(kept) {}
  at::Tensor operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) override;

 private:
  std::vector<KeyValue>& kept_;
  CausalAttention causal_;
};

/// How many tokens all sequences begin with in common, at least one being left behind them in each.
std::int64_t common_prefix(std::span<const std::span<const std::int32_t>> sequences);

/// Keys and values of the tokens that many prompts begin with, computed once. Empty (0 tokens): nothing is shared.
class PrefixCache {
 public:
  PrefixCache() = default;
  PrefixCache(const Llama& model, const Adapter* adapter, std::span<const std::int32_t> tokens,
              std::int64_t num_layers = Llama::kAllLayers);
  std::int64_t size() const noexcept { return size_; }
  const KeyValue& layer(std::int64_t index) const { return layers_[static_cast<std::size_t>(index)]; }
  /// What comes out of the layers that were computed, (1, P, H); no final norm.
  const at::Tensor& hidden() const noexcept { return hidden_; }
  /// Another layer's keys and values, computed by the caller.
  void append(KeyValue layer) { layers_.push_back(std::move(layer)); }

 private:
  std::int64_t size_ = 0;
  std::vector<KeyValue> layers_;  ///< (1, KV, P, D)
  at::Tensor hidden_;
};

/// Attention of sequences that go on behind a shared prefix, padded on the right: token s sees the prefix and tokens 0 .. s.
/// A prefix layer may hold keys and values of each sequence, (B, KV, P, D), instead of one for all. A single query a sequence (Llama::layer_at) sees the prefix and the tokens up to its position.
class SuffixAttention final : public Attention {
 public:
  /// positions (B), from 0 behind the prefix: of the query, where a layer asks for one; `kept` (if any) receives the suffixes' keys and values.
  SuffixAttention(PrefixCache prefix, at::Tensor positions, std::vector<KeyValue>* kept);
  at::Tensor operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) override;

 private:
  PrefixCache prefix_;
  at::Tensor positions_;
  std::vector<KeyValue>* kept_;
};

/// Final-norm hidden states (B, H) of the last tokens of sequences that all begin with the cached prefix; `kept` as above.
at::Tensor last_hidden(const Llama& model, const Adapter* adapter, const PrefixCache& prefix,
                       std::span<const std::span<const std::int32_t>> sequences, std::vector<KeyValue>* kept = nullptr);

}  // namespace goracs
