#include "eval/predictions.hpp"

#include <algorithm>
#include <cmath>

#include "eval/class_probability.hpp"
#include "eval/generate.hpp"
#include "eval/step_meeting.hpp"
#include "model/batch_rounds.hpp"
#include "model/device.hpp"
#include "model/length_batches.hpp"

namespace goracs {
namespace {

/// Batches of the sequences that are still to do, by their own lengths and `more` tokens each.
struct Plan {
  std::vector<std::vector<std::int64_t>> batches;
  std::vector<std::int64_t> done_after;  ///< sequences done after 0, 1, 2 ... of the batches

  Plan(TokenSequences sequences, std::int64_t more, std::int64_t batch_tokens, const std::function<bool(std::int64_t)>& has) {
    std::vector<std::int64_t> lengths;
    for (const auto& sequence : sequences) lengths.push_back(static_cast<std::int64_t>(sequence.size()) + more);
    batches = length_batches(lengths, batch_tokens);
    std::erase_if(batches, [&](const auto& batch) { return has(batch.front()); });
    auto done = static_cast<std::int64_t>(sequences.size());
    for (const auto& batch : batches) done -= static_cast<std::int64_t>(batch.size());
    done_after.push_back(done);
    for (const auto& batch : batches) done_after.push_back(done += static_cast<std::int64_t>(batch.size()));
  }
  std::function<bool(std::int64_t)> stops(const ShouldStop& should_stop) const {
    if (!should_stop) return {};
    return [this, &should_stop](std::int64_t batches_done) { return should_stop(done_after[static_cast<std::size_t>(batches_done)]); };
  }
};

std::vector<std::span<const std::int32_t>> chosen(TokenSequences sequences, const std::vector<std::int64_t>& indices) {
  std::vector<std::span<const std::int32_t>> some;
  for (const std::int64_t i : indices) some.push_back(sequences[static_cast<std::size_t>(i)]);
  return some;
}

PrefixCache shared_prefix(const Llama& model, const Adapter* adapter, TokenSequences sequences) {
  if (sequences.empty()) return {};
  return {model, adapter, sequences.front().first(static_cast<std::size_t>(common_prefix(sequences)))};
}

}  // namespace

bool fill_class_probabilities(const Llama& model, const Adapter* adapter, TokenSequences prompts,
                              const std::vector<std::int64_t>& class_tokens, std::int64_t batch_tokens, MatrixView<double> table,
                              Communicator& world, const ShouldStop& should_stop) {
  const PrefixCache prefix = shared_prefix(model, adapter, prompts);
  const Plan plan(prompts, 0, batch_tokens, [&](std::int64_t i) { return !std::isnan(table(i, 0)); });
  BatchWork work;
  work.result = "the class probability of sample";
  work.width = table.cols;
  work.compute = [&](const std::vector<std::int64_t>& batch) {
    return class_probabilities(model, adapter, prefix, chosen(prompts, batch), class_tokens);
  };
  work.meet = [&] { model.meet_others(); };
  work.store = [&](std::int64_t i, std::span<const double> row) { std::copy(row.begin(), row.end(), table.row(i).begin()); };
  work.should_stop = plan.stops(should_stop);
  return in_rounds(plan.batches, work, world);
}

bool fill_generated(const Llama& model, const Adapter* adapter, TokenSequences prompts, const BeamSettings& settings,
                    std::int64_t batch_tokens, std::vector<Generated>& table, Communicator& world, const ShouldStop& should_stop,
                    const std::function<bool()>& is_urgent) {
  constexpr double kNoToken = -1;
  const PrefixCache prefix = shared_prefix(model, adapter, prompts);
  const Plan plan(prompts, settings.num_beams * settings.max_new_tokens, batch_tokens,
                  [&](std::int64_t i) { return !std::isnan(table[static_cast<std::size_t>(i)].score); });
  BatchWork work;
  work.result = "the score of the best beam of sample";
  work.width = 1 + settings.max_new_tokens;  // the score, then the tokens
  StepMeeting meeting(world, is_urgent);
  const bool meets_at_steps = is_urgent && !model.is_sliced();
  const std::function<bool()> gives_up = meets_at_steps ? [&] { return meeting.gives_up(); } : std::function<bool()>();
  work.compute = [&](const std::vector<std::int64_t>& batch) {
    const auto some = chosen(prompts, batch);
    const auto columns = static_cast<std::int64_t>(some.front().size());  // the longest comes first
    const auto hypotheses = generate(model, adapter, prefix, some, settings, columns, gives_up);
    if (hypotheses.empty()) return Matrix<double>();
    Matrix<double> rows(static_cast<std::int64_t>(batch.size()), work.width);
    for (std::int64_t k = 0; k < rows.rows(); ++k) {
      const Hypothesis& best = hypotheses[static_cast<std::size_t>(k)].front();
      std::ranges::fill(rows.row(k), kNoToken);
      rows(k, 0) = best.score;
      std::copy(best.tokens.begin(), best.tokens.end(), rows.row(k).begin() + 1);
    }
    return rows;
  };
  work.meet = [&] { meets_at_steps ? meeting.finish() : model.meet_others(); };
  work.given_up = [&] { return meeting.given_up(); };
  work.store = [&](std::int64_t i, std::span<const double> row) {
    Generated& generated = table[static_cast<std::size_t>(i)];
    generated.score = row[0];
    for (const double token : row.subspan(1))
      if (token != kNoToken) generated.tokens.push_back(static_cast<std::int32_t>(token));
  };
  work.should_stop = plan.stops(should_stop);
  return in_rounds(plan.batches, work, world);
}

bool fill_title_embeddings(const Llama& model, TokenSequences titles, std::int64_t batch_tokens, MatrixView<float> table,
                           Communicator& world, const ShouldStop& should_stop) {
  const PrefixCache nothing;
  const Plan plan(titles, 0, batch_tokens, [&](std::int64_t i) { return !std::isnan(table(i, 0)); });
  BatchWork work;
  work.result = "the embedding of title";
  work.width = table.cols;
  work.compute = [&](const std::vector<std::int64_t>& batch) {
    return host_matrix(last_hidden(model, nullptr, nothing, chosen(titles, batch)));
  };
  work.meet = [&] { model.meet_others(); };
  work.store = [&](std::int64_t i, std::span<const double> row) {
    std::ranges::transform(row, table.row(i).begin(), [](double x) { return static_cast<float>(x); });
  };
  work.should_stop = plan.stops(should_stop);
  return in_rounds(plan.batches, work, world);
}

std::string generated_text(const Tokenizer& tokenizer, std::span<const std::int32_t> prompt, std::span<const std::int32_t> tokens) {
  constexpr std::string_view kResponseMark = "Response:\n";
  std::vector<TokenId> ids(prompt.begin(), prompt.end());
  const std::string before = tokenizer.decode(ids, /*skip_special=*/true);
  ids.insert(ids.end(), tokens.begin(), tokens.end());
  std::string text = tokenizer.decode(ids, /*skip_special=*/true);
  if (text.starts_with(before))
    text.erase(0, before.size());
  else
    text = tokenizer.decode({tokens.begin(), tokens.end()}, /*skip_special=*/true);
  const std::size_t mark = text.rfind(kResponseMark);
  return mark == std::string::npos ? text : text.substr(mark + kResponseMark.size());
}

}  // namespace goracs
