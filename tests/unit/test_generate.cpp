#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "eval/class_probability.hpp"
#include "eval/generate.hpp"
#include "support/tiny_llama.hpp"

namespace goracs {
namespace {

using Prompts = std::vector<std::vector<std::int32_t>>;

Prompts invented_prompts(std::int64_t count, std::int64_t shared) {
  Prompts prompts;
  for (std::int64_t i = 0; i < count; ++i) {
    prompts.push_back(test::invented_tokens(shared, "front", 0));
    for (const auto id : test::invented_tokens(1 + i * 5 % 13, "prompts", i)) prompts.back().push_back(id);
  }
  return prompts;
}

std::vector<std::span<const std::int32_t>> spans_of(const Prompts& prompts) { return {prompts.begin(), prompts.end()}; }

PrefixCache cache_of(const Prompts& prompts, std::int64_t shared) {
  return {test::tiny_llama(), &test::tiny_adapter(), std::span(prompts.front()).first(static_cast<std::size_t>(shared))};
}

TEST(CommonPrefix, EndsWhereSequencesDifferAndLeavesATokenBehind) {
  EXPECT_EQ(common_prefix(spans_of({{1, 2, 3, 4}, {1, 2, 4, 4}, {1, 2, 3, 4}})), 2);
  EXPECT_EQ(common_prefix(spans_of({{1, 2}, {1, 2, 3}})), 1);
  EXPECT_EQ(common_prefix(spans_of({{1, 2, 3}, {1, 2, 3}})), 2);
  EXPECT_EQ(common_prefix(spans_of({{5}, {6}})), 0);
  EXPECT_EQ(common_prefix({}), 0);
}

TEST(PrefixCache, LastHiddenStatesAreThoseOfWholeSequences) {
  const Prompts prompts = invented_prompts(7, 11);
  for (const std::int64_t shared : {0, 1, 11}) {
    const at::Tensor hidden = last_hidden(test::tiny_llama(), &test::tiny_adapter(), cache_of(prompts, shared), spans_of(prompts));
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const std::vector<std::int64_t> ids(prompts[i].begin(), prompts[i].end());
      const at::Tensor whole = test::tiny_llama().hidden_states(at::tensor(ids, at::kLong).unsqueeze(0), &test::tiny_adapter())[0][-1];
      EXPECT_LE((hidden[static_cast<std::int64_t>(i)] - whole).abs().max().item<double>(), 1e-5 * whole.abs().max().item<double>()) << i;
    }
  }
}

TEST(ClassProbabilities, AreTheSoftmaxOverTheClassTokensLogits) {
  const Prompts prompts = invented_prompts(4, 3);
  const std::vector<std::int64_t> classes = {12, 90, 7};
  const Matrix<double> p = class_probabilities(test::tiny_llama(), &test::tiny_adapter(), cache_of(prompts, 3), spans_of(prompts), classes);
  ASSERT_EQ(p.rows(), 4);
  ASSERT_EQ(p.cols(), 3);
  for (std::int64_t i = 0; i < 4; ++i) {
    const std::vector<std::int64_t> ids(prompts[static_cast<std::size_t>(i)].begin(), prompts[static_cast<std::size_t>(i)].end());
    const Llama& model = test::tiny_llama();
    const at::Tensor logits = model.logits(model.hidden_states(at::tensor(ids, at::kLong).unsqueeze(0), &test::tiny_adapter())[0][-1]);
    double sum = 0;
    for (const auto k : classes) sum += std::exp(logits[k].item<double>());
    for (std::int64_t k = 0; k < 3; ++k)
      EXPECT_NEAR(p(i, k), std::exp(logits[classes[static_cast<std::size_t>(k)]].item<double>()) / sum, 1e-5);
  }
}

/// The sum of log-probabilities of `tokens` behind a prompt, from one plain forward pass.
double log_probability(const std::vector<std::int32_t>& prompt, const std::vector<std::int32_t>& tokens) {
  std::vector<std::int64_t> ids(prompt.begin(), prompt.end());
  ids.insert(ids.end(), tokens.begin(), tokens.end());
  const Llama& model = test::tiny_llama();
  const at::Tensor all =
      at::log_softmax(model.logits(model.hidden_states(at::tensor(ids, at::kLong).unsqueeze(0), &test::tiny_adapter())[0]), 1);
  double sum = 0;
  for (std::size_t t = 0; t < tokens.size(); ++t) sum += all[static_cast<std::int64_t>(prompt.size() + t) - 1][tokens[t]].item<double>();
  return sum;
}

TEST(Generate, ScoresAreTheLogProbabilitiesOfItsTokensAndBatchesDoNotMatter) {
  const Prompts prompts = invented_prompts(9, 6);
  std::vector<std::int32_t> often;  // many tokens end a text, so that prompts close at different times and the batch shrinks
  for (std::int32_t id = 0; id < 300; ++id) often.push_back(id);
  for (const std::int64_t beams : {1, 2, 3}) {
    const BeamSettings settings{beams, 12, 1.0, often, false};
    const auto whole = generate(test::tiny_llama(), &test::tiny_adapter(), cache_of(prompts, 6), spans_of(prompts), settings, 0);
    bool some_early = false, some_late = false;
    for (std::size_t n = 0; n < prompts.size(); ++n) {
      const auto alone = generate(test::tiny_llama(), &test::tiny_adapter(), cache_of(prompts, 0), spans_of({prompts[n]}), settings, 0)[0];
      ASSERT_EQ(alone.size(), whole[n].size());
      for (std::size_t k = 0; k < alone.size(); ++k) {
        EXPECT_EQ(alone[k].tokens, whole[n][k].tokens) << beams << " beams, prompt " << n;
        const double length = beams == 1 ? 1.0 : static_cast<double>(alone[k].tokens.size());
        EXPECT_NEAR(whole[n][k].score, log_probability(prompts[n], alone[k].tokens) / length, 1e-4);
      }
      some_early = some_early || whole[n].front().tokens.size() <= 3;
      some_late = some_late || whole[n].front().tokens.size() > 3;
    }
    EXPECT_TRUE(some_early && some_late) << "the case must let prompts close at different times, " << beams << " beams";
  }
}

TEST(Generate, GivesNothingWhenNothingIsAskedFor) {
  const Prompts prompts = invented_prompts(2, 0);
  const auto none = generate(test::tiny_llama(), nullptr, PrefixCache(), spans_of(prompts), {2, 0, 1.0, {0}, false}, 0);
  ASSERT_EQ(none.size(), 2U);
  EXPECT_TRUE(none[0].front().tokens.empty());
}

}  // namespace
}  // namespace goracs
