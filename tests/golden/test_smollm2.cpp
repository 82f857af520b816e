// SmolLM2 at full size, from text to number: token ids, losses, logits, hidden states and a greedy continuation (tests/golden/smollm2).
#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/tokenizer.hpp"
#include "eval/ending_tokens.hpp"
#include "eval/generate.hpp"
#include "model/llama.hpp"
#include "support/golden.hpp"
#include "support/golden_sequences.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;

// golden/README, golden/smollm2/README: in float32
constexpr double kLogits = 1e-3, kHidden = 1e-4, kLossRelative = 1e-5;

class GoldenSmolLM2 : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs::exists(kFolder / "model.safetensors")) << kFolder << " is not there: tools/setup.sh puts it there (not with --no-demo)";
  }
  const fs::path kFolder = test::cache_root() / "demo" / "smollm2-135m-instruct";
};

/// Logits of all tokens but the last give the mean loss, those of the last one are compared with the ten largest.
void check_text(const Llama& model, const H5File& file, const std::vector<std::int32_t>& ids, std::int64_t b) {
  const at::Tensor tokens = at::tensor(std::vector<std::int64_t>(ids.begin(), ids.end()), at::kLong);
  const at::Tensor hidden = model.hidden_states(tokens.unsqueeze(0))[0];
  const at::Tensor logits = model.logits(hidden);
  const std::int64_t last = tokens.size(0) - 1;

  const at::Tensor log_probability = at::log_softmax(logits.narrow(0, 0, last).to(at::kDouble), 1);
  const double loss = -log_probability.gather(1, tokens.narrow(0, 1, last).unsqueeze(1)).mean().item<double>();
  const double expected_loss = file.read<double>("mean_loss")[static_cast<std::size_t>(b)];
  EXPECT_NEAR(loss, expected_loss, kLossRelative * expected_loss);

  const auto row_of = [&](const char* name) { return at::tensor(file.read<double>(name), at::kDouble).view(file.shape(name))[b]; };
  const at::Tensor top_ids = row_of("top_ids").to(at::kLong), top_logits = row_of("top_logits");
  const at::Tensor at_last = logits[last].to(at::kDouble);
  EXPECT_LE((at_last.index_select(0, top_ids) - top_logits).abs().max().item<double>(), kLogits);
  at::Tensor others = at_last.clone();
  others.index_fill_(0, top_ids, -std::numeric_limits<double>::infinity());
  EXPECT_LE(others.max().item<double>(), top_logits.min().item<double>() + kLogits);

  const at::Tensor expected_hidden = row_of("hidden_state_16");
  EXPECT_LE((hidden[last].narrow(0, 0, expected_hidden.size(0)).to(at::kDouble) - expected_hidden).abs().max().item<double>(), kHidden);
}

TEST_F(GoldenSmolLM2, TokensLossesLogitsAndHiddenStatesEqualTransformers) {
  const at::NoGradGuard no_graph;
  const Llama model = Llama::load(kFolder, at::kFloat);
  const auto tokenizer = open_tokenizer(kFolder);
  for (const auto& path : test::golden_files("smollm2", ".h5")) {
    const H5File file = H5File::open(path);
    const auto texts = file.read_strings("texts");
    const auto expected = test::golden_sequences(file);
    for (std::size_t b = 0; b < texts.size(); ++b) {
      SCOPED_TRACE(texts[b]);
      ASSERT_EQ(tokenizer->encode(texts[b]), expected.ids[b]);
      check_text(model, file, expected.ids[b], static_cast<std::int64_t>(b));
    }
  }
}

TEST_F(GoldenSmolLM2, GoesOnGreedilyAsTransformersDoes) {
  const Llama model = Llama::load(kFolder, at::kFloat);
  for (const auto& path : test::golden_files("smollm2", ".h5")) {
    const H5File file = H5File::open(path);
    const auto prompts = test::golden_sequences(file);
    const std::vector<std::span<const std::int32_t>> all(prompts.ids.begin(), prompts.ids.end());
    BeamSettings settings;
    settings.num_beams = 1;
    settings.max_new_tokens = static_cast<std::int64_t>(file.number_attribute("max_new_tokens"));
    settings.eos = ending_tokens(kFolder);
    const auto results = generate(model, nullptr, PrefixCache(model, nullptr, {}), all, settings, prompts.columns);
    const auto tokens = file.read<std::int64_t>("greedy_tokens");
    const auto columns = static_cast<std::size_t>(file.shape("greedy_tokens")[1]);
    for (std::size_t b = 0; b < results.size(); ++b) {
      std::vector<std::int32_t> expected;
      for (std::size_t t = 0; t < columns && tokens[b * columns + t] >= 0; ++t)
        expected.push_back(static_cast<std::int32_t>(tokens[b * columns + t]));
      EXPECT_EQ(results[b].front().tokens, expected) << "prompt " << b;
    }
  }
}

}  // namespace
}  // namespace goracs
