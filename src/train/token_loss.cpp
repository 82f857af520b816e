#include "train/token_loss.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace goracs {

LabelledRows labelled_rows(const TokenBatch& batch, std::span<const TrainingSample* const> samples) {
  std::vector<std::int64_t> rows, targets;
  LabelledRows labelled;
  for (std::int64_t b = 0; b < batch.size(); ++b) {
    const TrainingSample& sample = *samples[static_cast<std::size_t>(b)];
    const bool padding_in_front = batch.first[static_cast<std::size_t>(b)] > 0;
    const std::int64_t from = std::max<std::int64_t>(sample.first_label, padding_in_front ? 0 : 1);
    for (auto t = from; t < static_cast<std::int64_t>(sample.ids.size()); ++t) {
      rows.push_back(batch.row(b, t - 1));
      targets.push_back(sample.ids[static_cast<std::size_t>(t)]);
      labelled.sample.push_back(b);
    }
  }
  labelled.rows = at::tensor(rows, at::kLong);
  labelled.targets = at::tensor(targets, at::kLong);
  return labelled;
}

TokenLosses token_losses(const Llama& model, const at::Tensor& hidden, const at::Tensor& targets, bool with_gradient) {
  constexpr std::int64_t kBlock = 256;  // enough rows for a full-speed product, few enough for their logits to stay small
  const at::NoGradGuard no_graph;
  const std::int64_t count = hidden.size(0);
  TokenLosses result;
  result.loss = at::empty({count}, at::kFloat);
  if (with_gradient) result.gradient = at::empty_like(hidden);
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t rows = std::min(kBlock, count - first);
    const at::Tensor h = hidden.narrow(0, first, rows), target = targets.narrow(0, first, rows).unsqueeze(1);
    at::Tensor log_probability = at::log_softmax(model.logits(h).to(at::kFloat), 1);
    result.loss.narrow(0, first, rows).copy_(log_probability.gather(1, target).squeeze(1).neg());
    if (!with_gradient) continue;
    at::Tensor by_logits = log_probability.exp_();
    by_logits.scatter_add_(1, target, at::full({rows, 1}, -1.0F));
    result.gradient.narrow(0, first, rows).copy_(model.logits_gradient(by_logits.to(h.scalar_type())));
  }
  return result;
}

}  // namespace goracs
