#include "train/gradient_norm.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "train/row_loss.hpp"

namespace goracs {

at::Tensor SampleGradients::norm() const { return gradient.to(at::kDouble).flatten(1).square().sum(1).sqrt(); }

SampleGradients sample_gradients(const Llama& model, const Adapter& adapter, Samples samples, std::span<const std::int64_t> indices,
                                 const GradientNormSettings& settings) {
  const std::int64_t last = model.config().num_layers - 1;
  const LoraPair* pair = adapter.find(last, "v_proj");
  GORACS_CHECK_INPUT(pair != nullptr, "gradient norms are those of v_proj's lora_B, but the adapter does not adapt v_proj");

  std::vector<std::string> names;
  for (const std::int64_t index : indices) names.push_back(fmt::format("sample {}", index));
  const SampleBatch batch(model, adapter, samples, settings.loss, settings.dropout, settings.seed, std::move(names));
  at::Tensor below;
  {
    const at::NoGradGuard no_graph;
    below = model.layers(model.embed(batch.tokens.ids), batch.context, false, last);
  }
  ValueProbe probe;
  const PredictingRows rows = predicting_rows(model, batch, samples, settings.loss, below, &probe);
  RowLosses losses = row_losses(model, rows, settings.loss, /*with_gradient=*/true);

  const at::Tensor owner = at::tensor(rows.sample, at::kLong);
  const auto sum_by_sample = [&](const at::Tensor& values) {
    return at::zeros({batch.tokens.size()}, at::kDouble).index_add(0, owner, values.to(at::kDouble));
  };
  at::Tensor loss = sum_by_sample(losses.loss);
  if (settings.loss.kind == LossKind::kTokens) {
    const at::Tensor count = sum_by_sample(losses.loss > 0).clamp_min(1);  // nothing to learn: loss 0, not 0 / 0
    loss.div_(count);
    losses.gradient.mul_((1.0 / count).index_select(0, owner).to(at::kFloat).unsqueeze(1));
  }
  for (std::int64_t b = 0; b < batch.tokens.size(); ++b) {
    const double value = loss[b].item<double>();
    GORACS_CHECK_NUMERIC(std::isfinite(value), "the loss of sample {} is {}", indices[static_cast<std::size_t>(b)], value);
  }

  const at::Tensor u = torch::autograd::grad({rows.hidden}, {probe.output}, {losses.gradient.to(rows.hidden.scalar_type())})[0];
  const at::NoGradGuard no_graph;
  const at::Tensor z = at::linear(probe.input.to(at::kFloat), pair->a);                                           // (B, T, r)
  return {loss, at::bmm(u.to(at::kFloat).transpose(1, 2), z).mul_(adapter.shape().scale())};  // (B, out, r)
}

}  // namespace goracs
