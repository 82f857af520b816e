#include "eval/class_probability.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include "model/device.hpp"

namespace goracs {

Matrix<double> class_probabilities(const Llama& model, const Adapter* adapter, const PrefixCache& prefix,
                                   std::span<const std::span<const std::int32_t>> prompts, const std::vector<std::int64_t>& class_tokens) {
  const at::NoGradGuard no_graph;
  const at::Tensor hidden = last_hidden(model, adapter, prefix, prompts);
  const at::Tensor logits = model.logits_of(hidden, at::tensor(class_tokens, model.indices()));
  return host_matrix(at::softmax(logits.to(at::kDouble), 1));
}

}  // namespace goracs
