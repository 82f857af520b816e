#include "model/attention.hpp"

#include <ATen/Functions.h>

namespace goracs {

at::Tensor CausalAttention::operator()(std::int64_t, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const bool grouped = query.size(1) != key.size(1);
  return at::scaled_dot_product_attention(query, key, value, {}, 0.0, /*is_causal=*/true, {}, grouped);
}

at::Tensor AttentionAt::operator()(std::int64_t, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const at::Tensor seen = at::arange(key.size(2), positions_.options()).unsqueeze(0) <= positions_.unsqueeze(1);  // (B, T)
  return at::scaled_dot_product_attention(query, key, value, seen.unsqueeze(1).unsqueeze(1), 0.0, false, {}, query.size(1) != key.size(1));
}

LeftPaddedAttention::LeftPaddedAttention(const at::Tensor& mask) {
  const std::int64_t length = mask.size(1);
  const at::Tensor causal = at::ones({length, length}, mask.options().dtype(at::kBool)).tril();
  // a row of padding would see nothing, and its softmax be NaN: let it see itself
  const at::Tensor itself = at::eye(length, mask.options().dtype(at::kBool));
  allowed_ = ((causal.unsqueeze(0) & mask.to(at::kBool).unsqueeze(1)) | itself.unsqueeze(0)).unsqueeze(1);
}

at::Tensor LeftPaddedAttention::operator()(std::int64_t, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const bool grouped = query.size(1) != key.size(1);
  return at::scaled_dot_product_attention(query, key, value, allowed_, 0.0, false, {}, grouped);
}

}  // namespace goracs
