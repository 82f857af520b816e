#include "eval/beam_cache.hpp"

#include <ATen/Functions.h>

#include <cmath>
#include <limits>

namespace goracs {
namespace {

constexpr float kHidden = -std::numeric_limits<float>::infinity();

}  // namespace

BeamCache::BeamCache(const PrefixCache& prefix, const std::vector<KeyValue>& prompts, std::span<const std::int64_t> length,
                     std::int64_t num_beams, std::int64_t max_steps)
    : prefix_(prefix), num_beams_(num_beams), prompt_columns_(prompts.front().key.size(2)) {
  const std::int64_t all = prompt_columns_ + num_beams * max_steps;
  const auto with_room = [&](const at::Tensor& x) {
    at::Tensor room = at::empty({x.size(0), x.size(1), all, x.size(3)}, x.options());
    room.narrow(2, 0, prompt_columns_).copy_(x);
    return room;
  };
  for (const KeyValue& prompt : prompts) layers_.push_back({with_room(prompt.key), with_room(prompt.value)});
  mask_ = at::full({static_cast<std::int64_t>(length.size()), num_beams, all}, kHidden, prompts.front().key.options().dtype(at::kFloat));
  for (std::size_t n = 0; n < length.size(); ++n) mask_[static_cast<std::int64_t>(n)].narrow(1, 0, length[n]).fill_(0.0F);
}

void BeamCache::begin_step(std::span<const std::int64_t> parent) {
  const at::Tensor from =
      at::tensor(at::IntArrayRef(parent.data(), parent.size()), mask_.options().dtype(at::kLong)).view({-1, num_beams_, 1});
  mask_ = mask_.gather(1, from.expand({-1, -1, mask_.size(2)}));
  const std::int64_t first = columns();
  for (std::int64_t w = 0; w < num_beams_; ++w) mask_.select(1, w).select(1, first + w).fill_(0.0F);
  ++steps_;
}

void BeamCache::keep(const at::Tensor& prompts) {
  for (KeyValue& layer : layers_) layer = {layer.key.index_select(0, prompts), layer.value.index_select(0, prompts)};
  mask_ = mask_.index_select(0, prompts);
}

at::Tensor BeamCache::operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const KeyValue& cache = layers_[static_cast<std::size_t>(layer)];
  const std::int64_t prompts = query.size(0), heads = query.size(1), shared_heads = key.size(1), width = query.size(3);
  const std::int64_t used = columns(), rows = heads / shared_heads * num_beams_;  // queries that share one key head
  cache.key.narrow(2, used - num_beams_, num_beams_).copy_(key);
  cache.value.narrow(2, used - num_beams_, num_beams_).copy_(value);

  const at::Tensor q = (query * (1.0 / std::sqrt(static_cast<double>(width)))).reshape({prompts, shared_heads, rows, width});
  const at::Tensor own_keys = cache.key.narrow(2, 0, used), own_values = cache.value.narrow(2, 0, used);
  at::Tensor scores = at::matmul(q, own_keys.transpose(2, 3)).to(at::kFloat);  // (N, KV, rows, used)
  scores.view({prompts, shared_heads, -1, num_beams_, used}).add_(mask_.narrow(2, 0, used).view({prompts, 1, 1, num_beams_, used}));
  if (prefix_.size() == 0) return at::matmul(at::softmax(scores, -1).to(q.scalar_type()), own_values).view(query.sizes());

  // all prompts and beams against the one prefix: a single product a key head
  const std::int64_t shared = prefix_.size();
  const KeyValue& prefix = prefix_.layer(layer);
  const auto by_head = [&](const at::Tensor& x) { return x.transpose(0, 1).reshape({shared_heads, prompts * rows, x.size(3)}); };
  const auto by_prompt = [&](const at::Tensor& x) { return x.view({shared_heads, prompts, rows, x.size(2)}).transpose(0, 1); };
  const at::Tensor prefix_scores = by_prompt(at::bmm(by_head(q), prefix.key[0].transpose(1, 2)).to(at::kFloat));
  const at::Tensor weights = at::softmax(at::cat({prefix_scores, scores}, -1), -1).to(q.scalar_type());
  const at::Tensor from_prefix = by_prompt(at::bmm(by_head(weights.narrow(3, 0, shared)), prefix.value[0]));
  return (from_prefix + at::matmul(weights.narrow(3, shared, used), own_values)).reshape(query.sizes());
}

}  // namespace goracs
