#include <gtest/gtest.h>

#include <cmath>

#include "eval/beam_search.hpp"

namespace goracs {
namespace {

constexpr std::int32_t kEnd = 0;

BeamSettings two_beams(std::int64_t max_new_tokens) { return {2, max_new_tokens, 1.0, {kEnd}, false}; }

TEST(BestCandidates, AreSortedAndTiesGoToTheLowerBeamAndToken) {
  const std::vector<float> logits = {1, 3, 3, 0, /* beam 1 */ 3, 2, 0, 3};
  const std::vector<float> normaliser = {0, 1}, running = {0, 1};
  const auto best = best_candidates(logits.data(), 4, normaliser, running, 4);
  ASSERT_EQ(best.size(), 4U);
  const std::vector<std::pair<std::int64_t, std::int32_t>> expected = {{0, 1}, {0, 2}, {1, 0}, {1, 3}};
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(best[k].score, 3);
    EXPECT_EQ(best[k].beam, expected[k].first);
    EXPECT_EQ(best[k].token, expected[k].second);
  }
}

TEST(BeamSearch, DividesByTheNumberOfNewTokensAndKeepsTheBestFinished) {
  BeamSearch search(two_beams(3), 0);
  EXPECT_EQ(search.candidates_wanted(), 4);
  search.advance(std::vector<BeamCandidate>{{-1, 0, 5}, {-1.5F, 0, kEnd}, {-2, 0, 6}, {-9, 0, 7}});
  ASSERT_EQ(search.finished().size(), 1U);  // -1.5 / 1
  ASSERT_EQ(search.running().size(), 2U);
  EXPECT_EQ(search.running()[1].tokens, (std::vector<std::int32_t>{6}));
  search.advance(std::vector<BeamCandidate>{{-1.2F, 0, kEnd}, {-2, 1, 5}, {-2.4F, 0, 7}, {-9, 1, kEnd}});
  ASSERT_EQ(search.finished().size(), 2U);  // -0.6 goes first; best running -2 / 2 = -1 can still beat -1.5
  EXPECT_NEAR(search.finished()[0].score, -0.6, 1e-6);
  EXPECT_TRUE(search.is_open());
  EXPECT_EQ(search.running()[0].parent, 1);
  search.advance(std::vector<BeamCandidate>{{-2.1F, 0, 8}, {-2.7F, 1, kEnd}, {-4, 0, 5}, {-5, 1, 5}});
  EXPECT_FALSE(search.is_open()) << "no more tokens: the first two candidates count as finished";
  ASSERT_EQ(search.finished().size(), 2U);
  EXPECT_EQ(search.finished()[0].tokens, (std::vector<std::int32_t>{5, kEnd}));
  EXPECT_EQ(search.finished()[1].tokens, (std::vector<std::int32_t>{6, 5, 8}));
  EXPECT_NEAR(search.finished()[1].score, -0.7, 1e-6);
}

TEST(BeamSearch, IgnoresAnEndBehindTheFirstBeamsCandidates) {
  BeamSearch search(two_beams(5), 0);
  search.advance(std::vector<BeamCandidate>{{-1, 0, 5}, {-2, 0, 6}, {-3, 0, kEnd}, {-4, 0, 7}});
  EXPECT_TRUE(search.finished().empty());
  EXPECT_EQ(search.running().size(), 2U);
}

TEST(BeamSearch, ClosesOnceNoRunningBeamCanBeatTheWorstFinished) {
  BeamSearch search(two_beams(9), 0);
  search.advance(std::vector<BeamCandidate>{{-0.1F, 0, kEnd}, {-2, 0, 5}, {-3, 0, 6}, {-4, 0, 7}});
  EXPECT_TRUE(search.is_open()) << "one is finished, two are wanted";
  search.advance(std::vector<BeamCandidate>{{-2.1F, 0, kEnd}, {-2.2F, 0, 5}, {-3.5F, 1, 6}, {-4, 0, 7}});
  EXPECT_FALSE(search.is_open()) << "-2.2 / 2 is not greater than -2.1 / 2";
}

TEST(BeamSearch, DividesByTheWholePaddedLengthForTheReference) {
  BeamSettings settings = two_beams(2);
  settings.whole_length = true;
  BeamSearch search(settings, 10);
  search.advance(std::vector<BeamCandidate>{{-1, 0, 5}, {-2, 0, kEnd}, {-3, 0, 6}, {-4, 0, 7}});
  ASSERT_EQ(search.finished().size(), 1U);
  EXPECT_NEAR(search.finished()[0].score, -2.0 / 10, 1e-6) << "the prompt's columns, without the end just added";
  search.advance(std::vector<BeamCandidate>{{-1.5F, 0, 5}, {-3.5F, 1, 6}, {-4, 0, 7}, {-5, 0, 8}});
  ASSERT_EQ(search.finished().size(), 2U);
  EXPECT_NEAR(search.finished()[0].score, -1.5 / 12, 1e-6) << "running beams at the end: the full length";
}

TEST(BeamSearch, WithOneBeamEndsAtTheFirstEnd) {
  BeamSearch search({1, 5, 1.0, {kEnd}, false}, 0);
  EXPECT_EQ(search.candidates_wanted(), 1);
  search.advance(std::vector<BeamCandidate>{{-1, 0, 4}});
  search.advance(std::vector<BeamCandidate>{{-3, 0, kEnd}});
  EXPECT_FALSE(search.is_open());
  EXPECT_EQ(search.finished()[0].tokens, (std::vector<std::int32_t>{4, kEnd}));
  EXPECT_EQ(search.finished()[0].score, -3) << "the sum, not divided";
}

}  // namespace
}  // namespace goracs
