// Passes over whole pools and test sets: the same numbers for any number of ranks, stopped and gone on with or not.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "comm/self_communicator.hpp"
#include "data/tokenizer.hpp"
#include "eval/predictions.hpp"
#include "support/thread_ranks.hpp"
#include "support/tiny_llama.hpp"
#include "train/pool_gradient_norms.hpp"

namespace goracs {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

std::vector<std::vector<std::int32_t>> invented_prompts(std::int64_t count) {
  std::vector<std::vector<std::int32_t>> prompts;
  for (std::int64_t i = 0; i < count; ++i) {
    prompts.push_back(test::invented_tokens(5, "front", 0));
    for (const auto id : test::invented_tokens(1 + i * 5 % 17, "prompts", i)) prompts.back().push_back(id);
  }
  return prompts;
}

/// Runs `pass` (which says whether it came to its end) until it does, stopping after every `every` samples; 0: never.
template <class Table, class Pass>
Table finished(int ranks, std::int64_t every, const Table& start, Pass pass) {
  Table result = start;
  test::on_ranks(ranks, [&](Communicator& world) {
    at::set_num_threads(1);
    Table table = start;
    std::int64_t limit = every;
    while (!pass(table, world, every == 0 ? ShouldStop() : [&](std::int64_t done) { return done >= limit; })) limit += every;
    if (world.is_root()) result = std::move(table);
  });
  return result;
}

template <class Table, class Pass, class Same>
void expect_same_everywhere(const Table& start, Pass pass, Same same) {
  const Table one = finished(1, 0, start, pass);
  for (const int ranks : {2, 3, 7}) EXPECT_TRUE(same(finished(ranks, 0, start, pass), one)) << ranks << " ranks";
  EXPECT_TRUE(same(finished(1, 4, start, pass), one)) << "stopped and gone on with";
  EXPECT_TRUE(same(finished(2, 5, start, pass), one)) << "stopped and gone on with, 2 ranks";
}

TEST(Passes, GradientNormsAreTheSameBitsForAnyNumberOfRanks) {
  const auto samples = test::invented_samples(23, "pool", 0);
  const auto pass = [&](GradientNormTable& table, Communicator& world, const ShouldStop& stop) {
    return fill_gradient_norms(test::tiny_llama(), test::tiny_adapter(), samples, {}, 30, table, world, stop);
  };
  expect_same_everywhere(GradientNormTable(samples.size()), pass, [](const GradientNormTable& a, const GradientNormTable& b) {
    return a.norm == b.norm && a.loss == b.loss && a.norm[0] > 0;
  });
}

TEST(Passes, ClassProbabilitiesAreTheSameBitsForAnyNumberOfRanks) {
  const auto prompts = invented_prompts(19);
  const std::vector<std::span<const std::int32_t>> spans(prompts.begin(), prompts.end());
  const auto pass = [&](std::vector<double>& table, Communicator& world, const ShouldStop& stop) {
    return fill_class_probabilities(test::tiny_llama(), &test::tiny_adapter(), spans, {5, 6, 7}, 40, {table.data(), 19, 3}, world, stop);
  };
  expect_same_everywhere(std::vector<double>(19 * 3, kUndefined), pass, [](const std::vector<double>& a, const std::vector<double>& b) {
    return a == b && std::abs(a[0] + a[1] + a[2] - 1) < 1e-12;
  });
}

TEST(Passes, GeneratedTokensAreTheSameForAnyNumberOfRanks) {
  const auto prompts = invented_prompts(13);
  const std::vector<std::span<const std::int32_t>> spans(prompts.begin(), prompts.end());
  const auto pass = [&](std::vector<Generated>& table, Communicator& world, const ShouldStop& stop) {
    return fill_generated(test::tiny_llama(), &test::tiny_adapter(), spans, {2, 6, 1.0, {9, 10}, false}, 90, table, world, stop);
  };
  expect_same_everywhere(std::vector<Generated>(13), pass, [](const std::vector<Generated>& a, const std::vector<Generated>& b) {
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a[i].tokens != b[i].tokens || a[i].score != b[i].score || a[i].tokens.empty()) return false;
    return true;
  });
}

TEST(Passes, AnUrgentStopWithinARoundOfGenerationLosesThatRoundOnly) {
  const auto prompts = invented_prompts(13);
  const std::vector<std::span<const std::int32_t>> spans(prompts.begin(), prompts.end());
  const BeamSettings settings{2, 6, 1.0, {9, 10}, false};
  const auto fill = [&](std::vector<Generated>& table, Communicator& world, const ShouldStop& stop,
                        const std::function<bool()>& is_urgent) {
    return fill_generated(test::tiny_llama(), &test::tiny_adapter(), spans, settings, 90, table, world, stop, is_urgent);
  };
  const auto same = [](const Generated& a, const Generated& b) { return a.tokens == b.tokens && a.score == b.score; };
  std::vector<Generated> expected(13);
  SelfCommunicator self;
  ASSERT_TRUE(fill(expected, self, {}, {}));
  struct Case {
    int ranks, looks_before;
    bool in_a_later_round;
  };
  for (const Case& one : {Case{1, 0, false}, {1, 1, false}, {1, 4, true}, {2, 0, false}, {2, 3, true}, {3, 1, false}, {5, 0, false}}) {
    SCOPED_TRACE(testing::Message() << one.ranks << " ranks, urgent after " << one.looks_before << " looks");
    test::on_ranks(one.ranks, [&](Communicator& world) {
      at::set_num_threads(1);
      std::vector<Generated> table(13);
      std::int64_t stopped_at = -1;
      int looks = 0;  // one rank hears of it
      const bool is_asked = world.rank() == world.size() / 2;
      const bool whole = fill(
          table, world, [&](std::int64_t done) { return stopped_at = done, false; },
          [&] { return is_asked && looks++ >= one.looks_before; });
      EXPECT_FALSE(whole);
      const auto done = std::ranges::count_if(table, [](const Generated& generated) { return !std::isnan(generated.score); });
      EXPECT_EQ(done, stopped_at);
      EXPECT_EQ(done > 0, one.in_a_later_round);
      EXPECT_TRUE(fill(table, world, {}, [] { return false; }));
      EXPECT_TRUE(std::ranges::equal(table, expected, same));
    });
  }
}

TEST(Passes, TitleEmbeddingsAreTheSameBitsForAnyNumberOfRanks) {
  const auto titles = invented_prompts(11);
  const std::vector<std::span<const std::int32_t>> spans(titles.begin(), titles.end());
  const std::int64_t width = test::tiny_llama().config().hidden_size;
  const auto pass = [&](std::vector<float>& table, Communicator& world, const ShouldStop& stop) {
    return fill_title_embeddings(test::tiny_llama(), spans, 25, {table.data(), 11, width}, world, stop);
  };
  const std::vector<float> start(static_cast<std::size_t>(11 * width), std::numeric_limits<float>::quiet_NaN());
  expect_same_everywhere(start, pass, [](const std::vector<float>& a, const std::vector<float>& b) { return a == b && a[0] != 0; });
}

TEST(Correlation, IsPearsons) {
  const std::vector<double> a = {1, 2, 3, 4}, up = {2, 4, 6, 8}, down = {1, 0, -1, -2}, flat = {5, 5, 5, 5}, bent = {1, 0, 0, 1};
  EXPECT_DOUBLE_EQ(correlation(a, up), 1);
  EXPECT_DOUBLE_EQ(correlation(a, down), -1);
  EXPECT_NEAR(correlation(a, bent), 0, 1e-15);
  EXPECT_TRUE(std::isnan(correlation(a, flat)));
}

TEST(GeneratedText, IsWhatFollowsThePromptAndALastResponseMark) {
  const auto tokenizer = open_tokenizer(test::golden_source() / "models" / "llama_gqa");
  const auto encode = [&](const std::string& text, bool special) {
    return tokenizer->encode(text, EncodeOptions{.add_special_tokens = special});
  };
  const std::string prompt = "### Response:\n", answer = "\"A title\"";
  const auto front = encode(prompt, true);
  auto whole = encode(prompt + answer, true);
  ASSERT_TRUE(std::equal(front.begin(), front.end(), whole.begin()));
  EXPECT_EQ(generated_text(*tokenizer, front, std::span(whole).subspan(front.size())), answer);
  whole = encode(prompt + "x Response:\n" + answer, true);
  EXPECT_EQ(generated_text(*tokenizer, front, std::span(whole).subspan(front.size())), answer);
  EXPECT_EQ(generated_text(*tokenizer, front, {}), "");
}

}  // namespace
}  // namespace goracs
