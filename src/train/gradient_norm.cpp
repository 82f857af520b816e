#include "train/gradient_norm.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "model/token_batch.hpp"
#include "train/lora_dropout.hpp"
#include "train/token_loss.hpp"

namespace goracs {
namespace {

using Samples = std::span<const TrainingSample* const>;

/// Only a token loss can have a label that padding predicts.
bool pads_left(const GradientNormSettings& settings) { return settings.label_first && settings.loss == LossKind::kTokens; }

/// The tokens whose hidden states matter: what stands behind the last predicting token is left out.
TokenBatch batch_of(Samples samples, const GradientNormSettings& settings) {
  constexpr std::int64_t kPadMultiple = 8;
  std::vector<std::span<const std::int32_t>> sequences;
  for (const TrainingSample* sample : samples) {
    const std::span<const std::int32_t> ids(sample->ids);
    if (pads_left(settings)) sequences.push_back(ids);
    else if (settings.loss == LossKind::kClasses) sequences.push_back(ids.first(static_cast<std::size_t>(sample->answer_position + 1)));
    else sequences.push_back(ids.first(std::max<std::size_t>(ids.size(), 2) - 1));
  }
  return pads_left(settings) ? TokenBatch::padded_left(sequences, settings.pad_id, kPadMultiple) : TokenBatch::padded_right(sequences);
}

/// Losses (B) and the gradient u (B, T, KV * D) of their sum at the value projection's output.
struct Upstream {
  at::Tensor loss, u;
};

at::Tensor gradient_at(const at::Tensor& output, const ValueProbe& probe, const at::Tensor& upstream) {
  return torch::autograd::grad({output}, {probe.output}, {upstream})[0];
}

/// loss_i = sum of token losses / number of tokens with loss > 0.
Upstream token_upstream(const Llama& model, const TokenBatch& batch, Samples samples, const at::Tensor& below, const ForwardContext& context,
                        ValueProbe& probe) {
  const LabelledRows labelled = labelled_rows(batch, samples);
  const at::Tensor hidden = model.final_norm(model.layer(model.config().num_layers - 1, below, context, &probe)).flatten(0, 1);
  const at::Tensor predicting = hidden.index_select(0, labelled.rows);
  TokenLosses tokens = token_losses(model, predicting.detach(), labelled.targets, true);

  const at::Tensor sample = at::tensor(labelled.sample, at::kLong);
  const auto sum_by_sample = [&](const at::Tensor& values) {
    return at::zeros({batch.size()}, at::kDouble).index_add(0, sample, values.to(at::kDouble));
  };
  const at::Tensor count = sum_by_sample(tokens.loss > 0).clamp_min(1);  // nothing to predict: loss 0, not 0 / 0
  const at::Tensor weight = (1.0 / count).index_select(0, sample).to(tokens.gradient.scalar_type());
  tokens.gradient.mul_(weight.unsqueeze(1));
  return {sum_by_sample(tokens.loss) / count, gradient_at(predicting, probe, tokens.gradient)};
}

/// loss_i = cross-entropy over the class tokens at the one position that predicts the answer.
Upstream class_upstream(const Llama& model, const TokenBatch& batch, Samples samples, const at::Tensor& below, ForwardContext context,
                        const std::vector<std::int64_t>& class_tokens, ValueProbe& probe) {
  std::vector<std::int64_t> position, gold;
  for (std::int64_t b = 0; b < batch.size(); ++b) {
    const TrainingSample& sample = *samples[static_cast<std::size_t>(b)];
    position.push_back(sample.answer_position);
    gold.push_back(sample.class_index);
  }
  const at::Tensor positions = at::tensor(position, at::kLong);
  AttentionAt attention(positions);
  context.attention = &attention;
  const at::Tensor hidden = model.final_norm(model.layer_at(model.config().num_layers - 1, below, positions, context, &probe)).squeeze(1);
  const at::Tensor logits = model.logits_of(hidden, at::tensor(class_tokens, at::kLong)).to(at::kFloat);
  const at::Tensor log_probability = at::log_softmax(logits, 1);
  const at::Tensor loss = log_probability.gather(1, at::tensor(gold, at::kLong).unsqueeze(1)).squeeze(1).neg();
  return {loss.detach().to(at::kDouble), gradient_at(loss, probe, at::ones_like(loss))};
}

}  // namespace

at::Tensor SampleGradients::norm() const { return gradient.to(at::kDouble).flatten(1).square().sum(1).sqrt(); }

SampleGradients sample_gradients(const Llama& model, const Adapter& adapter, Samples samples, std::span<const std::int64_t> indices,
                                 const GradientNormSettings& settings) {
  const TokenBatch batch = batch_of(samples, settings);
  const std::int64_t last = model.config().num_layers - 1;
  std::vector<std::string> names;
  for (const std::int64_t index : indices) names.push_back(fmt::format("sample {}", index));

  std::unique_ptr<Attention> attention;
  if (pads_left(settings)) attention = std::make_unique<LeftPaddedAttention>(batch.mask());
  else attention = std::make_unique<CausalAttention>();
  const ForwardContext context{model.rotary_from_zero(batch.columns()), attention.get(), &adapter,
                               keyed_dropout(settings.dropout, settings.seed, names, batch)};
  at::Tensor below;
  {
    const at::NoGradGuard no_graph;
    below = model.embed(batch.ids);
    for (std::int64_t layer = 0; layer < last; ++layer) below = model.layer(layer, below, context);
  }

  const LoraPair* pair = adapter.find(last, "v_proj");
  GORACS_CHECK_INPUT(pair != nullptr, "gradient norms are those of v_proj's lora_B, but the adapter does not adapt v_proj");
  ValueProbe probe;
  const Upstream upstream = settings.loss == LossKind::kTokens ? token_upstream(model, batch, samples, below, context, probe)
                                                               : class_upstream(model, batch, samples, below, context, settings.class_tokens, probe);
  for (std::int64_t b = 0; b < batch.size(); ++b) {
    const double loss = upstream.loss[b].item<double>();
    GORACS_CHECK_NUMERIC(std::isfinite(loss), "the loss of sample {} is {}", indices[static_cast<std::size_t>(b)], loss);
  }

  const at::NoGradGuard no_graph;
  const at::Tensor z = at::linear(probe.input.to(at::kFloat), pair->a);                                   // (B, T, r)
  const at::Tensor gradient = at::bmm(upstream.u.to(at::kFloat).transpose(1, 2), z).mul_(adapter.shape().scale());  // (B, out, r)
  return {upstream.loss, gradient};
}

}  // namespace goracs
