#include "train/row_loss.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "model/device_kernels.hpp"

namespace goracs {

RowLosses row_losses(const Llama& model, const PredictingRows& rows, const LossSettings& loss, bool with_gradient) {
  constexpr std::int64_t kBlock = 256;  // enough rows for a full-speed product, few enough for their logits to stay small
  const at::NoGradGuard no_graph;
  const bool classes = loss.kind == LossKind::kClasses;
  const at::Tensor class_tokens = at::tensor(loss.class_tokens, model.indices());
  const at::Tensor hidden = rows.hidden.detach();
  const std::int64_t count = hidden.size(0);
  const at::TensorOptions wide = hidden.options().dtype(at::kFloat);
  RowLosses result;
  result.loss = at::empty({count}, wide);
  if (with_gradient) result.gradient = at::empty(hidden.sizes(), wide);
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t size = std::min(kBlock, count - first);
    const at::Tensor h = hidden.narrow(0, first, size), target = rows.targets.narrow(0, first, size).unsqueeze(1);
    const at::Tensor logits = classes ? model.logits_of(h, class_tokens) : model.logits(h);
    if (!with_gradient && !logits.is_cpu()) {
      result.loss.narrow(0, first, size).copy_(token_cross_entropy(logits, target.squeeze(1)));
      continue;
    }
    at::Tensor log_probability = at::log_softmax(logits.to(at::kFloat), 1);
    result.loss.narrow(0, first, size).copy_(log_probability.gather(1, target).squeeze(1).neg());
    if (!with_gradient) continue;
    at::Tensor by_logits = log_probability.exp_();
    by_logits.scatter_add_(1, target, at::full({size, 1}, -1.0F, wide));
    by_logits = by_logits.to(h.scalar_type());
    result.gradient.narrow(0, first, size)
        .copy_(classes ? model.logits_gradient_of(by_logits, class_tokens) : model.logits_gradient(by_logits));
  }
  return result;
}

}  // namespace goracs
