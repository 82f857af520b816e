#include "stages/generated_titles.hpp"

#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "base/stop_request.hpp"
#include "comm/agreement.hpp"
#include "eval/ending_tokens.hpp"
#include "stages/long_loop.hpp"

namespace goracs {
namespace {

constexpr const char* kTitlesState = "generated.h5";
constexpr const char* kScore = "/score";
constexpr const char* kLength = "/length";
constexpr const char* kTokens = "/tokens";

BeamSettings beams_of(const Config& config) {
  BeamSettings beams;
  beams.num_beams = config.evaluate.num_beams;
  beams.max_new_tokens = config.evaluate.max_new_tokens;
  beams.eos = ending_tokens(config.model.path);
  beams.whole_length = config.evaluate.length_norm == "reference";
  return beams;
}

}  // namespace

GeneratedTitles::GeneratedTitles(StageContext& context, const LanguageModel& model, const SampleTable& test)
    : context_(context), model_(model), table_(static_cast<std::size_t>(test.size())) {
  std::int64_t shortened = 0;
  for (std::int64_t i = 0; i < test.size(); ++i) {
    TokenisedSample prompt = model.prompts().without_answer(test[i]);
    shortened += prompt.shortened ? 1 : 0;
    prompts_.push_back(std::move(prompt.ids));
  }
  if (shortened > 0)
    log_info("{} of {} test samples are shortened to {} tokens", shortened, test.size(), context.config().prompt.cutoff_len);
  restore();
}

bool GeneratedTitles::fill(const Adapter* adapter, std::int64_t batch_tokens) {
  BeamSettings beams;
  together(context_.world(), [&] { beams = beams_of(context_.config()); });
  const auto done = std::ranges::count_if(table_, [](const Generated& one) { return !std::isnan(one.score); });
  LongLoop loop(context_, kTitlesState, "samples", static_cast<std::int64_t>(table_.size()), done,
                [&](const std::filesystem::path& path) { save(path); });
  const std::vector<std::span<const TokenId>> sequences(prompts_.begin(), prompts_.end());
  return fill_generated(
      model_.llama(), adapter, sequences, beams, batch_tokens, table_, context_.world(),
      [&](std::int64_t samples_done) { return loop.stops(samples_done); }, StopRequest::is_urgent);
}

void GeneratedTitles::restore() {
  const auto saved = context_.saved_state(kTitlesState);
  if (!saved) return;
  together(context_.world(), [&] {
    const H5File file = H5File::open(*saved);
    const auto rows = static_cast<std::int64_t>(table_.size());
    const auto score = file.read<double>(kScore, {rows});
    const auto length = file.read<std::int64_t>(kLength, {rows});
    const auto tokens = file.read<std::int32_t>(kTokens);
    auto next = tokens.begin();
    for (std::size_t i = 0; i < table_.size(); ++i) {
      table_[i] = {{next, next + length[i]}, score[i]};
      next += length[i];
    }
  });
}

void GeneratedTitles::save(const std::filesystem::path& path) const {
  std::vector<double> score;
  std::vector<std::int64_t> length;
  std::vector<std::int32_t> tokens;
  for (const Generated& one : table_) {
    score.push_back(one.score);
    length.push_back(static_cast<std::int64_t>(one.tokens.size()));
    tokens.insert(tokens.end(), one.tokens.begin(), one.tokens.end());
  }
  H5File file = H5File::create(path);
  file.write<double>(kScore, score, "of each sample's best beam; NaN where it is to be done");
  file.write<std::int64_t>(kLength, length, "new tokens of each sample");
  file.write<std::int32_t>(kTokens, tokens, "of all samples, one after the other");
  file.close();
}

}  // namespace goracs
