#include "train/gradient_norm.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/device_kernels.hpp"
#include "train/row_loss.hpp"

namespace goracs {

at::Tensor SampleGradients::gradient() const {
  at::Tensor sum = at::bmm(u.transpose(1, 2), z);
  if (shared_u.defined()) sum += at::matmul(shared_u.transpose(2, 3), shared_z).flatten(1, 2);  // (B, KV, D, P) (P, r)
  if (share.defined()) sum += share.view({-1, 1, 1}) * shared_gradient;
  return sum.mul_(scale);
}

at::Tensor SampleGradients::norm() const {
  if (u.is_cpu()) return gradient().to(at::kDouble).flatten(1).square().sum(1).sqrt();
  // all of it as tokens: those of shared_gradient are its columns, each with a component of z of its own
  const std::int64_t count = u.size(0), rank = z.size(2);
  std::vector<at::Tensor> us = {u}, zs = {z};
  if (shared_u.defined()) {
    us.push_back(shared_u.transpose(1, 2).flatten(2));
    zs.push_back(shared_z.expand({count, -1, -1}));
  }
  if (share.defined()) {
    us.push_back(share.view({-1, 1, 1}) * shared_gradient.transpose(0, 1));
    zs.push_back(at::eye(rank, z.options()).expand({count, -1, -1}));
  }
  return low_rank_norm(at::cat(us, 1), at::cat(zs, 1)).mul_(std::abs(scale));
}

GradientNorms::GradientNorms(const Llama& model, const Adapter& adapter, const GradientNormSettings& settings,
                             std::span<const std::int32_t> shared)
    : model_(model), adapter_(adapter), settings_(settings), pair_(adapter.find(model.config().num_layers - 1, "v_proj")) {
  GORACS_CHECK_INPUT(pair_ != nullptr, "gradient norms are those of v_proj's lora_B, but the adapter does not adapt v_proj");
  if (shared.size() >= 2 && settings.dropout <= 0) prepare_shared(shared);
}

at::Tensor GradientNorms::lora_a_of(const at::Tensor& input) const { return at::linear(input.to(at::kFloat), pair_->a); }

/// All shared tokens but the last are cached: each of them predicts a shared token.
void GradientNorms::prepare_shared(std::span<const std::int32_t> shared) {
  const std::int64_t last = model_.config().num_layers - 1;
  prefix_ = PrefixCache(model_, &adapter_, shared.first(shared.size() - 1), last);
  std::vector<KeyValue> kept;
  KeepingAttention attention(kept);
  ValueProbe probe;
  const at::Tensor hidden =
      model_.final_norm(model_.layer(last, prefix_.hidden(), {model_.rotary_from_zero(prefix_.size()), &attention, &adapter_, {}}, &probe))
          .squeeze(0);
  prefix_last_ = {kept.front().key.detach(), kept.front().value.detach()};
  prefix_z_ = lora_a_of(probe.input).squeeze(0);
  if (settings_.loss.kind != LossKind::kTokens) return;

  const std::vector<std::int64_t> targets(shared.begin() + 1, shared.end());
  const RowLosses losses = row_losses(model_, {hidden, at::tensor(targets, model_.indices()), {}}, settings_.loss, /*with_gradient=*/true);
  const at::Tensor u = torch::autograd::grad({hidden}, {probe.output}, {losses.gradient.to(hidden.scalar_type())})[0].squeeze(0);
  shared_losses_ = {losses.loss.sum(at::kDouble).item<double>(), (losses.loss > 0).sum().item<double>(),
                    at::matmul(u.to(at::kFloat).transpose(0, 1), prefix_z_)};
}

SampleGradients GradientNorms::of(Samples samples, std::span<const std::int64_t> indices) const {
  const std::int64_t last = model_.config().num_layers - 1, count = static_cast<std::int64_t>(samples.size());
  // the prefix's values in the last layer, a leaf for each sample
  PrefixCache prefix = prefix_;
  at::Tensor prefix_values;
  if (prefix.size() > 0) {
    prefix_values = prefix_last_.value.expand({count, -1, -1, -1}).contiguous().requires_grad_(true);
    prefix.append({prefix_last_.key, prefix_values});
  }
  std::vector<std::string> names;
  for (const std::int64_t index : indices) names.push_back(fmt::format("sample {}", index));
  const SampleBatch batch(model_, adapter_, samples, settings_.loss, prefix, settings_.dropout, settings_.seed, std::move(names));
  at::Tensor below;
  {
    const at::NoGradGuard no_graph;
    below = model_.layers(model_.embed(batch.tokens.ids), batch.context, false, last);
  }
  ValueProbe probe;
  const PredictingRows rows = predicting_rows(model_, batch, samples, settings_.loss, below, &probe);
  RowLosses losses = row_losses(model_, rows, settings_.loss, /*with_gradient=*/true);

  const at::TensorOptions sums = model_.indices().dtype(at::kDouble);
  const at::Tensor owner = at::tensor(rows.sample, model_.indices());
  const auto sum_by_sample = [&](const at::Tensor& values) { return at::zeros({count}, sums).index_add(0, owner, values.to(at::kDouble)); };
  at::Tensor loss = sum_by_sample(losses.loss);
  at::Tensor weight = at::ones({count}, sums), labels_prefix = at::zeros({count}, sums);
  if (settings_.loss.kind == LossKind::kTokens) {
    if (prefix.size() > 0) {
      std::vector<double> is_labelled;
      for (const TrainingSample* sample : samples) is_labelled.push_back(sample->first_label <= 1 ? 1.0 : 0.0);
      labels_prefix = at::tensor(is_labelled, sums);
    }
    loss += labels_prefix * shared_losses_.sum;
    weight /= (sum_by_sample(losses.loss > 0) + labels_prefix * shared_losses_.count).clamp_min(1);  // nothing to learn: loss 0, not 0 / 0
    loss *= weight;
    losses.gradient.mul_(weight.index_select(0, owner).to(at::kFloat).unsqueeze(1));
  }
  loss = loss.to(at::kCPU);
  for (std::int64_t b = 0; b < count; ++b) {
    const double value = loss[b].item<double>();
    GORACS_CHECK_NUMERIC(std::isfinite(value), "the loss of sample {} is {}", indices[static_cast<std::size_t>(b)], value);
  }

  std::vector<at::Tensor> leaves = {probe.output};
  if (prefix.size() > 0) leaves.push_back(prefix_values);
  const auto u = torch::autograd::grad({rows.hidden}, leaves, {losses.gradient.to(rows.hidden.scalar_type())});
  const at::NoGradGuard no_graph;
  SampleGradients result;
  result.loss = loss;
  result.u = u[0].to(at::kFloat);
  result.z = lora_a_of(probe.input);
  if (prefix.size() > 0) {
    result.shared_u = u[1].to(at::kFloat);
    result.shared_z = prefix_z_;
    if (settings_.loss.kind == LossKind::kTokens) {
      result.share = (weight * labels_prefix).to(at::kFloat);
      result.shared_gradient = shared_losses_.gradient;
    }
  }
  result.scale = adapter_.shape().scale();
  return result;
}

}  // namespace goracs
