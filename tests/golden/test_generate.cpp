// Greedy and beam search of tests/golden/generate: the tokens of transformers' generate(), and the scoring of its versions before 4.36.
#include <gtest/gtest.h>

#include <optional>
#include <regex>

#include "eval/ending_tokens.hpp"
#include "eval/generate.hpp"
#include "support/golden.hpp"
#include "support/golden_sequences.hpp"

namespace goracs {
namespace {

constexpr double kScoreTolerance = 1e-4;  // golden/README: generation scores, absolute

using Tokens = std::vector<std::int32_t>;

struct GenerateCase {
  explicit GenerateCase(const std::filesystem::path& path)
      : file(H5File::open(path)),
        model_folder(path.parent_path() / file.text_attribute("model")),
        model(Llama::load(model_folder, at::kFloat)),
        prompts(test::golden_sequences(file)) {
    if (file.has_attribute("adapter")) adapter = Adapter::load(path.parent_path() / file.text_attribute("adapter"), model.config());
    for (const auto& ids : prompts.ids) all.emplace_back(ids);
  }
  const Adapter* adapter_or_none() const { return adapter ? &*adapter : nullptr; }

  std::vector<std::vector<Hypothesis>> generated(const BeamSettings& settings, std::size_t batch, bool share_prefix) const {
    const std::int64_t shared = share_prefix ? common_prefix(all) : 0;
    const PrefixCache prefix(model, adapter_or_none(), all.front().first(static_cast<std::size_t>(shared)));
    std::vector<std::vector<Hypothesis>> results;
    for (std::size_t begin = 0; begin < all.size(); begin += batch) {
      const auto part = std::span(all).subspan(begin, std::min(batch, all.size() - begin));
      for (auto& hypotheses : generate(model, adapter_or_none(), prefix, part, settings, prompts.columns))
        results.push_back(std::move(hypotheses));
    }
    return results;
  }

  H5File file;
  std::filesystem::path model_folder;
  Llama model;
  test::GoldenSequences prompts;
  std::optional<Adapter> adapter;
  std::vector<std::span<const std::int32_t>> all;
};

/// The expected tokens of one hypothesis: up to the first EOS, without the fill (-1).
Tokens until_end(const std::int64_t* tokens, std::int64_t count, const Tokens& eos) {
  Tokens kept;
  for (std::int64_t t = 0; t < count && tokens[t] >= 0; ++t) {
    kept.push_back(static_cast<std::int32_t>(tokens[t]));
    if (std::find(eos.begin(), eos.end(), kept.back()) != eos.end()) break;
  }
  return kept;
}

void expect_equal(const GenerateCase& c, const std::string& name, const BeamSettings& settings) {
  const Shape shape = c.file.shape(name + "_tokens");
  const std::int64_t hypotheses = shape.size() == 3 ? shape[1] : 1, length = shape.back();
  const auto tokens = c.file.read<std::int64_t>(name + "_tokens");
  const auto scores = c.file.read<double>(name + "_scores");
  for (const std::size_t batch : {c.all.size(), std::size_t{1}, std::size_t{3}}) {
    for (const bool share_prefix : {true, false}) {
      SCOPED_TRACE(name + ", batches of " + std::to_string(batch) + (share_prefix ? ", shared prefix" : ""));
      const auto results = c.generated(settings, batch, share_prefix);
      ASSERT_EQ(results.size(), static_cast<std::size_t>(shape[0]));
      for (std::size_t n = 0; n < results.size(); ++n) {
        ASSERT_EQ(results[n].size(), static_cast<std::size_t>(hypotheses)) << "prompt " << n;
        for (std::size_t k = 0; k < results[n].size(); ++k) {
          const std::size_t row = n * static_cast<std::size_t>(hypotheses) + k;
          EXPECT_EQ(results[n][k].tokens, until_end(tokens.data() + static_cast<std::int64_t>(row) * length, length, settings.eos))
              << n << " " << k;
          EXPECT_NEAR(results[n][k].score, scores[row], kScoreTolerance) << "prompt " << n << ", hypothesis " << k;
        }
      }
    }
  }
}

TEST(GoldenGenerate, TokensAndScoresEqualTransformers) {
  std::size_t searches = 0;
  for (const auto& path : test::golden_files("generate", ".h5")) {
    SCOPED_TRACE(path.string());
    const GenerateCase c(path);
    BeamSettings settings;
    settings.eos = ending_tokens(c.model_folder);
    settings.max_new_tokens = static_cast<std::int64_t>(c.file.number_attribute("max_new_tokens"));
    settings.length_penalty = c.file.number_attribute("length_penalty");
    const std::regex pattern("(greedy|beam([0-9]+))(_whole_length)?_tokens");
    for (const auto& name : c.file.names()) {
      std::smatch match;
      if (!std::regex_match(name, match, pattern)) continue;
      settings.num_beams = match[2].matched ? std::stol(match[2]) : 1;
      settings.whole_length = match[3].matched;
      expect_equal(c, name.substr(0, name.size() - std::string("_tokens").size()), settings);
      ++searches;
    }
  }
  EXPECT_GT(searches, 0U);
}

}  // namespace
}  // namespace goracs
