#include "train/micro_batch.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "train/row_loss.hpp"

namespace goracs {

MicroBatchGradient micro_batch_gradient(const Llama& model, const Adapter& adapter, Samples samples, const MicroBatchSettings& settings,
                                        const std::string& name) {
  std::vector<std::string> names;
  for (std::size_t b = 0; b < samples.size(); ++b) names.push_back(fmt::format("{} row {}", name, b));
  const SampleBatch batch(model, adapter, samples, settings.loss, PrefixCache(), settings.dropout, settings.seed, std::move(names));
  const std::int64_t last = model.config().num_layers - 1;
  const at::Tensor below = model.layers(model.embed(batch.tokens.ids), batch.context, settings.checkpoint_layers, last);
  const PredictingRows rows = predicting_rows(model, batch, samples, settings.loss, below);
  RowLosses losses = row_losses(model, rows, settings.loss, /*with_gradient=*/true);
  const auto count = static_cast<double>(std::max<std::int64_t>(losses.loss.size(0), 1));
  losses.gradient.div_(count);

  const std::vector<at::Tensor> parameters = adapter.tensors();
  std::vector<at::Tensor> gradients = torch::autograd::grad({rows.hidden}, parameters, {losses.gradient.to(rows.hidden.scalar_type())},
                                                            std::nullopt, false, /*allow_unused=*/true);
  for (std::size_t k = 0; k < gradients.size(); ++k)
    if (!gradients[k].defined()) gradients[k] = at::zeros_like(parameters[k]);  // a target of the last layer that only feeds unused rows
  return {losses.loss.sum(at::kDouble).item<double>() / count, flattened(gradients)};
}

SharedStart::SharedStart(const Llama& model, const Adapter& adapter, std::span<const std::int32_t> shared,
                         const LossSettings& loss_settings) {
  if (shared.size() < 2) return;
  const at::NoGradGuard no_graph;
  prefix = PrefixCache(model, &adapter, shared.first(shared.size() - 1));
  if (loss_settings.kind != LossKind::kTokens) return;
  const std::vector<std::int64_t> targets(shared.begin() + 1, shared.end());  // each cached token predicts a shared one
  const PredictingRows rows{model.final_norm(prefix.hidden()).squeeze(0), at::tensor(targets, model.indices()), {}};
  loss = {row_losses(model, rows, loss_settings, /*with_gradient=*/false).loss.sum(at::kDouble).item<double>(),
          static_cast<double>(targets.size())};
}

std::vector<SampleLoss> sample_losses(const Llama& model, const Adapter& adapter, Samples samples, const LossSettings& loss,
                                      const SharedStart& start) {
  const at::NoGradGuard no_graph;
  const SampleBatch batch(model, adapter, samples, loss, start.prefix, 0.0, 0, {});
  const at::Tensor below = model.layers(model.embed(batch.tokens.ids), batch.context, false, model.config().num_layers - 1);
  const PredictingRows rows = predicting_rows(model, batch, samples, loss, below);
  const RowLosses losses = row_losses(model, rows, loss, /*with_gradient=*/false);
  std::vector<SampleLoss> all(samples.size());
  if (loss.kind == LossKind::kTokens)
    for (std::size_t b = 0; b < all.size(); ++b)
      if (samples[b]->first_label <= 1) all[b] = start.loss;
  const at::Tensor values = losses.loss.to(at::kCPU);
  const auto* value = values.const_data_ptr<float>();
  for (std::size_t k = 0; k < rows.sample.size(); ++k) {
    SampleLoss& sample = all[static_cast<std::size_t>(rows.sample[k])];
    sample.sum += static_cast<double>(value[k]);
    sample.count += 1;
  }
  return all;
}

std::vector<float> flattened(const std::vector<at::Tensor>& tensors) {
  std::vector<float> flat;
  for (const at::Tensor& tensor : tensors) {
    const at::Tensor values = tensor.detach().to(at::kCPU).contiguous();
    const auto* first = values.const_data_ptr<float>();
    flat.insert(flat.end(), first, first + values.numel());
  }
  return flat;
}

void unflatten(std::span<const float> flat, const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_graph;
  for (const at::Tensor& tensor : tensors) {
    const auto count = static_cast<std::size_t>(tensor.numel());
    tensor.copy_(at::from_blob(const_cast<float*>(flat.data()), tensor.sizes(), at::kFloat));
    flat = flat.subspan(count);
  }
}

}  // namespace goracs
