#include <gtest/gtest.h>

#include <cmath>

#include "eval/item_titles.hpp"
#include "eval/ranking_metrics.hpp"

namespace goracs {
namespace {

TEST(MeanOf, HasTheStandardErrorOfTheSampleMean) {
  const std::vector<double> values = {1, 2, 3, 6};  // mean 3, squares 4 + 1 + 0 + 9 = 14
  const Estimate mean = mean_of(values);
  EXPECT_DOUBLE_EQ(mean.value, 3);
  EXPECT_DOUBLE_EQ(mean.standard_error, std::sqrt(14.0 / 3 / 4));
}

TEST(MeanOf, IsUndefinedWithoutValuesAndHasNoErrorForOne) {
  EXPECT_TRUE(std::isnan(mean_of({}).value));
  const std::vector<double> one = {7};
  EXPECT_EQ(mean_of(one).value, 7);
  EXPECT_TRUE(std::isnan(mean_of(one).standard_error));
}

TEST(RankingMetrics, CountRanksBelowKAndDiscountByTheLogarithm) {
  const std::vector<std::int64_t> ranks = {0, 1, 4, 5, 99};
  EXPECT_DOUBLE_EQ(hit_rate(ranks, 5).value, 3.0 / 5);
  EXPECT_DOUBLE_EQ(hit_rate(ranks, 6).value, 4.0 / 5);
  EXPECT_DOUBLE_EQ(ndcg(ranks, 5).value, (1 + std::log(2) / std::log(3) + std::log(2) / std::log(6)) / 5);
  EXPECT_DOUBLE_EQ(hit_rate(ranks, 5).standard_error, std::sqrt(0.6 * 0.4 / 4));  // binomial: p (1 - p) / (n - 1)
}

TEST(RankingMetrics, ShareATieOverTheRanksItCovers) {
  const std::vector<Standing> standings = {{4, 1}};  // rank 4 or 5, equally likely
  EXPECT_DOUBLE_EQ(hit_rate(standings, 5).value, 0.5);
  EXPECT_DOUBLE_EQ(hit_rate(standings, 6).value, 1);
  EXPECT_DOUBLE_EQ(ndcg(standings, 5).value, 0.5 * std::log(2) / std::log(6));
}

TEST(RankByDistance, TakesTheTargetsBestRowAndEveryRowOfTheOthers) {
  Matrix<float> items(5, 2);
  const float values[5][2] = {{10, 0}, {1, 0}, {0, 0.5F}, {0, 2}, {1, 0}};
  for (int i = 0; i < 5; ++i)
    for (int c = 0; c < 2; ++c) items(i, c) = values[i][c];
  const std::vector<float> prediction = {0, 0};
  const std::vector<std::int64_t> target = {0, 1}, others = {2, 3}, twice = {2, 2, 3}, level = {4};
  EXPECT_EQ(rank_by_distance(items, prediction, target, others), 1);
  EXPECT_EQ(rank_by_distance(items, prediction, target, twice), 2) << "a row listed twice counts twice";
  EXPECT_EQ(rank_by_distance(items, prediction, target, level), 0) << "an equal distance is not nearer";
}

TEST(RankByPopularity, CountsTheMorePopularAndTheLevelOnes) {
  const std::vector<std::int64_t> count = {3, 0, 5, 3, 3}, others = {1, 2, 3, 4};
  const Standing standing = rank_by_popularity(count, 0, others);
  EXPECT_EQ(standing.nearer, 1);
  EXPECT_EQ(standing.tied, 2);
}

TEST(CleanTitle, RemovesAllOuterQuotesThenOuterSpaces) {
  EXPECT_EQ(clean_title("\"Alien (1979)\""), "Alien (1979)");
  EXPECT_EQ(clean_title("\"\" Alien \""), "Alien");
  EXPECT_EQ(clean_title("\"Alien\" "), "Alien\"") << "quotes first: the space hides the closing one";
  EXPECT_EQ(clean_title("Say \"Yes\" now"), "Say \"Yes\" now");
  EXPECT_EQ(clean_title("\"\""), "");
  EXPECT_EQ(clean_title(""), "");
}

TEST(ItemTitles, KnowsAllRowsOfATitleWhateverItsOuterSpaces) {
  const std::vector<std::string> titles = {"A", "B", " A", "C", "A "};
  const ItemTitles items(titles);
  EXPECT_EQ(std::vector<std::int64_t>(items.rows_of("A").begin(), items.rows_of("A").end()), (std::vector<std::int64_t>{0, 2, 4}));
  EXPECT_TRUE(items.rows_of("D").empty());
  const std::vector<std::int64_t> negatives = {1, 0, 0};
  EXPECT_EQ(items.expanded(negatives), (std::vector<std::int64_t>{1, 0, 2, 4, 0, 2, 4}));
  const std::vector<std::string> targets = {"A", "C", "A", "Z"};
  EXPECT_EQ(items.popularity(targets), (std::vector<std::int64_t>{2, 0, 2, 1, 2}));
}

}  // namespace
}  // namespace goracs
