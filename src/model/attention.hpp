#pragma once

#include <torch/types.h>

#include <cstdint>
#include <utility>

namespace goracs {

/// How the tokens of one forward pass see one another and what came before them. One object serves all layers of a pass.
class Attention {
 public:
  virtual ~Attention() = default;
  /// query (B, H, T, D), key and value (B, KV, T, D), rotated already, H a multiple of KV  ->  (B, H, T, D)
  virtual at::Tensor operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) = 0;
};

/// Every token sees itself and those before it. With padding on the *right* real tokens never see padding, so no mask is needed
/// (1.5 to 2 times faster than one): the rows of padding carry no meaning and are never read.
class CausalAttention final : public Attention {
 public:
  at::Tensor operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) override;
};

/// One query a sequence, from the token at its position p: it sees tokens 0 .. p (Llama::layer_at).
class AttentionAt final : public Attention {
 public:
  /// positions (B) int64
  explicit AttentionAt(at::Tensor positions) : positions_(std::move(positions)) {}
  at::Tensor operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) override;

 private:
  at::Tensor positions_;
};

/// Causal, and no token sees padding: for padding on the left, where the reference's quirks need it.
class LeftPaddedAttention final : public Attention {
 public:
  /// mask (B, T): true for real tokens.
  explicit LeftPaddedAttention(const at::Tensor& mask);
  at::Tensor operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) override;

 private:
  at::Tensor allowed_;  ///< (B, 1, T, T) bool
};

}  // namespace goracs
