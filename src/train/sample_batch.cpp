#include "train/sample_batch.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <utility>

#include "train/lora_dropout.hpp"

namespace goracs {
namespace {

TokenBatch padded(Samples samples, const LossSettings& loss, std::int64_t shared) {
  constexpr std::int64_t kReferencePadMultiple = 8;
  std::vector<std::span<const std::int32_t>> sequences;
  for (const TrainingSample* sample : samples) sequences.push_back(used_tokens(*sample, loss).subspan(static_cast<std::size_t>(shared)));
  return pads_left(loss) ? TokenBatch::padded_left(sequences, loss.pad_id, kReferencePadMultiple) : TokenBatch::padded_right(sequences);
}

/// The token that predicts each sample's answer, from 0 behind the prefix; nothing for token losses.
at::Tensor answer_positions(const Llama& model, Samples samples, const LossSettings& loss, std::int64_t shared) {
  if (loss.kind != LossKind::kClasses) return {};
  std::vector<std::int64_t> positions;
  for (const TrainingSample* sample : samples) positions.push_back(sample->answer_position - shared);
  return at::tensor(positions, model.indices());
}

/// Token t >= first_label is predicted by the row before it; one at t = 0 only where padding stands in front of it.
PredictingRows labelled_tokens(const SampleBatch& batch, Samples samples, const at::Tensor& hidden) {
  std::vector<std::int64_t> rows, targets, owner;
  for (std::int64_t b = 0; b < batch.tokens.size(); ++b) {
    const TrainingSample& sample = *samples[static_cast<std::size_t>(b)];
    const bool padding_in_front = batch.tokens.first[static_cast<std::size_t>(b)] > 0;
    const std::int64_t from = std::max<std::int64_t>(sample.first_label, padding_in_front ? 0 : batch.shared + 1);
    for (auto t = from; t < static_cast<std::int64_t>(sample.ids.size()); ++t) {
      rows.push_back(batch.tokens.row(b, t - 1 - batch.shared));
      targets.push_back(sample.ids[static_cast<std::size_t>(t)]);
      owner.push_back(b);
    }
  }
  const at::TensorOptions indices = hidden.options().dtype(at::kLong);
  return {hidden.flatten(0, 1).index_select(0, at::tensor(rows, indices)), at::tensor(targets, indices), std::move(owner)};
}

}  // namespace

std::span<const std::int32_t> used_tokens(const TrainingSample& sample, const LossSettings& loss) {
  const std::span<const std::int32_t> ids(sample.ids);
  if (loss.kind == LossKind::kClasses) return ids.first(static_cast<std::size_t>(sample.answer_position) + 1);
  return pads_left(loss) ? ids : ids.first(std::max<std::size_t>(ids.size(), 2) - 1);
}

std::vector<std::int32_t> shared_tokens(std::span<const TrainingSample> samples, const LossSettings& loss) {
  if (samples.empty() || pads_left(loss)) return {};
  std::vector<std::span<const std::int32_t>> sequences;
  for (const TrainingSample& sample : samples) sequences.push_back(used_tokens(sample, loss));
  const std::int64_t common = common_prefix(sequences);
  const bool labels_fit = loss.kind == LossKind::kClasses || std::ranges::all_of(samples, [&](const TrainingSample& sample) {
                            return sample.first_label <= 1 || sample.first_label >= common;
                          });
  if (!labels_fit) return {};
  return {samples.front().ids.begin(), samples.front().ids.begin() + common};
}

SampleBatch::SampleBatch(const Llama& model, const Adapter& adapter, Samples samples, const LossSettings& loss, const PrefixCache& prefix,
                         double dropout, std::uint64_t seed, std::vector<std::string> names)
    : shared(prefix.size()), tokens(padded(samples, loss, shared)) {
  if (pads_left(loss))
    attention = std::make_unique<LeftPaddedAttention>(tokens.mask().to(model.device()));
  else
    attention = std::make_unique<SuffixAttention>(prefix, answer_positions(model, samples, loss, shared), nullptr);
  context = {Rotary::at_positions(model.config(), at::arange(shared, shared + tokens.columns(), model.indices()), model.dtype()),
             attention.get(), &adapter, keyed_dropout(dropout, seed, std::move(names), tokens)};
}

PredictingRows predicting_rows(const Llama& model, const SampleBatch& batch, Samples samples, const LossSettings& loss,
                               const at::Tensor& below, ValueProbe* probe) {
  const std::int64_t last = model.config().num_layers - 1;
  if (loss.kind == LossKind::kTokens)
    return labelled_tokens(batch, samples, model.final_norm(model.layer(last, below, batch.context, probe)));

  std::vector<std::int64_t> gold, owner;
  for (const TrainingSample* sample : samples) {
    owner.push_back(static_cast<std::int64_t>(owner.size()));
    gold.push_back(sample->class_index);
  }
  const at::Tensor answering = model.layer_at(last, below, answer_positions(model, samples, loss, batch.shared), batch.context, probe);
  return {model.final_norm(answering).squeeze(1), at::tensor(gold, model.indices()), std::move(owner)};
}

}  // namespace goracs
