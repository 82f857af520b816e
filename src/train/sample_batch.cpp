#include "train/sample_batch.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <utility>

#include "train/lora_dropout.hpp"

namespace goracs {
namespace {

/// Only a token loss can have a label that padding predicts.
bool pads_left(const LossSettings& loss) { return loss.label_first && loss.kind == LossKind::kTokens; }

/// What stands behind the last predicting token is left out.
TokenBatch padded(Samples samples, const LossSettings& loss) {
  constexpr std::int64_t kReferencePadMultiple = 8;
  std::vector<std::span<const std::int32_t>> sequences;
  for (const TrainingSample* sample : samples) {
    const std::span<const std::int32_t> ids(sample->ids);
    const std::size_t used = loss.kind == LossKind::kClasses ? static_cast<std::size_t>(sample->answer_position) + 1
                             : pads_left(loss)               ? ids.size()
                                                             : std::max<std::size_t>(ids.size(), 2) - 1;
    sequences.push_back(ids.first(used));
  }
  return pads_left(loss) ? TokenBatch::padded_left(sequences, loss.pad_id, kReferencePadMultiple) : TokenBatch::padded_right(sequences);
}

/// Token t >= first_label is predicted by the row before it; one at t = 0 only where padding stands in front of it.
PredictingRows labelled_tokens(const TokenBatch& tokens, Samples samples, const at::Tensor& hidden) {
  std::vector<std::int64_t> rows, targets, owner;
  for (std::int64_t b = 0; b < tokens.size(); ++b) {
    const TrainingSample& sample = *samples[static_cast<std::size_t>(b)];
    const bool padding_in_front = tokens.first[static_cast<std::size_t>(b)] > 0;
    const std::int64_t from = std::max<std::int64_t>(sample.first_label, padding_in_front ? 0 : 1);
    for (auto t = from; t < static_cast<std::int64_t>(sample.ids.size()); ++t) {
      rows.push_back(tokens.row(b, t - 1));
      targets.push_back(sample.ids[static_cast<std::size_t>(t)]);
      owner.push_back(b);
    }
  }
  return {hidden.flatten(0, 1).index_select(0, at::tensor(rows, at::kLong)), at::tensor(targets, at::kLong), std::move(owner)};
}

}  // namespace

SampleBatch::SampleBatch(const Llama& model, const Adapter& adapter, Samples samples, const LossSettings& loss, double dropout, std::uint64_t seed,
                         std::vector<std::string> names)
    : tokens(padded(samples, loss)) {
  if (pads_left(loss)) attention = std::make_unique<LeftPaddedAttention>(tokens.mask());
  else attention = std::make_unique<CausalAttention>();
  context = {model.rotary_from_zero(tokens.columns()), attention.get(), &adapter, keyed_dropout(dropout, seed, std::move(names), tokens)};
}

PredictingRows predicting_rows(const Llama& model, const SampleBatch& batch, Samples samples, const LossSettings& loss, const at::Tensor& below,
                               ValueProbe* probe) {
  const std::int64_t last = model.config().num_layers - 1;
  if (loss.kind == LossKind::kTokens)
    return labelled_tokens(batch.tokens, samples, model.final_norm(model.layer(last, below, batch.context, probe)));

  std::vector<std::int64_t> position, gold, owner;
  for (const TrainingSample* sample : samples) {
    owner.push_back(static_cast<std::int64_t>(owner.size()));
    position.push_back(sample->answer_position);
    gold.push_back(sample->class_index);
  }
  const at::Tensor positions = at::tensor(position, at::kLong);
  AttentionAt attention(positions);
  ForwardContext context = batch.context;
  context.attention = &attention;
  const at::Tensor answering = model.layer_at(last, below, positions, context, probe);
  return {model.final_norm(answering).squeeze(1), at::tensor(gold, at::kLong), std::move(owner)};
}

}  // namespace goracs
