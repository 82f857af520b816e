// The lower bound and the scores it is made of, against sorting whole rows.
#include "itra/lower_bound.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <random>

#include "base/error.hpp"
#include "comm/self_communicator.hpp"
#include "support/random_costs.hpp"
#include "support/thread_ranks.hpp"

namespace goracs::itra {
namespace {

constexpr double kUnit = 0x1p40;

std::vector<double> random_duals(std::int64_t cols, unsigned seed, double spread) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(-spread, spread);
  std::vector<double> duals(static_cast<std::size_t>(cols));
  for (double& v : duals) v = std::rint(uniform(random) * kUnit) / kUnit;
  return duals;
}

/// The formula, read aloud: units of 2^-40 / (n M), and the columns in the order in which they are taken.
std::int64_t sorted_score(std::span<const float> cost, std::span<const double> dual, std::int64_t budget,
                          std::vector<std::int64_t>& taken) {
  const auto num_valid = static_cast<std::int64_t>(cost.size());
  std::vector<std::pair<std::int64_t, std::size_t>> order;
  for (std::size_t j = 0; j < cost.size(); ++j) order.emplace_back(std::llrint((static_cast<double>(cost[j]) - dual[j]) * kUnit), j);
  std::sort(order.begin(), order.end());
  std::int64_t left = num_valid, score = 0;  // a row supplies M units of 1 / (n M), a column takes n at most
  for (const auto& [units, column] : order) {
    const std::int64_t share = std::min(left, budget);
    score += share * units;
    taken[column] += share;
    left -= share;
  }
  return score;
}

struct Sizes {
  std::int64_t rows, cols, budget;
  int steps;
};

class RandomBounds : public testing::TestWithParam<Sizes> {};

TEST_P(RandomBounds, EqualTheSortedRows) {
  const auto [rows, cols, budget, steps] = GetParam();
  const Matrix<float> cost = test::random_costs(rows, cols, 1, steps);
  const std::vector<double> dual = random_duals(cols, 2, steps > 0 ? 0.0 : 0.4);
  SelfCommunicator self;
  const CostRows all = test::rows_of_rank(cost);
  LowerBound bound(all, budget, self);
  const DualPoint& point = bound.evaluate(dual);

  std::vector<std::int64_t> unused(static_cast<std::size_t>(cols));
  std::vector<RowScore> scores;
  for (std::int64_t i = 0; i < rows; ++i) {
    scores.push_back({sorted_score(cost.row(i), dual, budget, unused), i});
    ASSERT_EQ(point.row_score[static_cast<std::size_t>(i)], scores.back().score) << "row " << i;
  }
  std::sort(scores.begin(), scores.end());
  std::vector<std::int64_t> taken(static_cast<std::size_t>(cols));
  Int128 units = 0;
  for (const double v : dual) units += static_cast<Int128>(budget) * std::llrint(v * kUnit);
  ASSERT_EQ(point.lowest.size(), static_cast<std::size_t>(budget));
  for (std::int64_t k = 0; k < budget; ++k) {
    const RowScore& expected = scores[static_cast<std::size_t>(k)];
    EXPECT_EQ(point.lowest[static_cast<std::size_t>(k)].row, expected.row);
    units += expected.score;
    sorted_score(cost.row(expected.row), dual, budget, taken);
  }
  EXPECT_TRUE(point.bound_units == units);
  EXPECT_DOUBLE_EQ(point.bound, static_cast<double>(units) / kUnit / static_cast<double>(budget * cols));
  if (budget < rows) {
    EXPECT_EQ(point.next_score, scores[static_cast<std::size_t>(budget)].score);
  }
  for (std::size_t j = 0; j < taken.size(); ++j) EXPECT_EQ(point.supergradient[j], budget - taken[j]) << "column " << j;
}

INSTANTIATE_TEST_SUITE_P(OddSizes, RandomBounds,
                         testing::Values(Sizes{1, 1, 1, 0}, Sizes{7, 1, 3, 0}, Sizes{9, 31, 1, 0}, Sizes{20, 33, 20, 0},
                                         Sizes{40, 1000, 7, 0}, Sizes{30, 1025, 29, 0}, Sizes{50, 1000, 40, 8}, Sizes{25, 997, 13, 4},
                                         Sizes{60, 16, 32, 0}, Sizes{33, 4099, 32, 0}));

TEST(LowerBound, WorksOutByHand) {
  // two of three rows, two columns, v = 0: a row supplies 1/2, all of it to its cheaper column: F = 0.1 / 2, 0.4 / 2, 0.2 / 2
  Matrix<float> cost(3, 2);
  const float values[3][2] = {{0.125F, 0.5F}, {0.5F, 0.75F}, {0.75F, 0.25F}};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 2; ++j) cost(i, j) = values[i][j];
  SelfCommunicator self;
  const CostRows all = test::rows_of_rank(cost);
  EXPECT_EQ(lower_bound(all, 2, std::vector<double>{0, 0}, self), (0.125 + 0.25) / 2);
  EXPECT_EQ(lower_bound(all, 2, std::vector<double>{3, 3}, self), (0.125 + 0.25) / 2);  // a shift changes nothing
  // one row takes both columns in halves
  EXPECT_EQ(lower_bound(all, 1, std::vector<double>{0, 0}, self), (0.125 + 0.5) / 2);
}

TEST(LowerBound, RefusesDualsThatAreNotNumbersOrTooLarge) {
  const Matrix<float> cost = test::random_costs(3, 4, 1);
  SelfCommunicator self;
  const CostRows all = test::rows_of_rank(cost);
  EXPECT_THROW(lower_bound(all, 2, std::vector<double>{0, 0, NAN, 0}, self), Error);
  EXPECT_THROW(lower_bound(all, 2, std::vector<double>{0, 0, 0x1p21, 0}, self), Error);
}

/// A walk of growing and shrinking steps; fresh: with nothing remembered between them.
std::vector<DualPoint> walk(const CostRows& cost, std::int64_t budget, Communicator& world, bool fresh, std::int64_t* scored = nullptr) {
  std::vector<DualPoint> points;
  LowerBound kept(cost, budget, world);
  std::vector<double> dual = random_duals(cost.num_valid(), 5, 0.2);
  for (unsigned step = 0; step < 12; ++step) {
    if (fresh) {
      LowerBound other(cost, budget, world);
      points.push_back(other.evaluate(dual));
    } else {
      points.push_back(kept.evaluate(dual));
    }
    const auto change = random_duals(cost.num_valid(), 10 + step, step % 4 == 3 ? 0.3 : 0.001);
    for (std::size_t j = 0; j < dual.size(); ++j) dual[j] += change[j] + 0.25 * (step % 3);
  }
  if (scored != nullptr) *scored = kept.rows_scored();
  return points;
}

void expect_equal(const std::vector<DualPoint>& a, const std::vector<DualPoint>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t k = 0; k < a.size(); ++k) {
    EXPECT_TRUE(a[k].bound_units == b[k].bound_units) << "step " << k;
    EXPECT_EQ(a[k].supergradient, b[k].supergradient);
    ASSERT_EQ(a[k].lowest.size(), b[k].lowest.size());
    for (std::size_t r = 0; r < a[k].lowest.size(); ++r) EXPECT_EQ(a[k].lowest[r].row, b[k].lowest[r].row);
  }
}

TEST(LowerBound, RemembersScoresWithoutChangingAnything) {
  const Matrix<float> cost = test::random_costs(211, 300, 3);
  SelfCommunicator self;
  const CostRows all = test::rows_of_rank(cost);
  std::int64_t scored = 0;
  const auto fresh = walk(all, 17, self, true), kept = walk(all, 17, self, false, &scored);
  expect_equal(fresh, kept);
  EXPECT_LT(scored, 12 * 211 * 3 / 4);
  for (std::size_t k = 0; k < fresh.size(); ++k) {
    EXPECT_LE(kept[k].next_score, fresh[k].next_score);
    for (std::size_t i = 0; i < fresh[k].row_score.size(); ++i) EXPECT_LE(kept[k].row_score[i], fresh[k].row_score[i]);
  }
}

TEST(LowerBound, IsTheSameForAnyRanksAndThreads) {
  const Matrix<float> cost = test::random_costs(101, 64, 4, 16);
  SelfCommunicator self;
  const auto expected = walk(test::rows_of_rank(cost), 10, self, false);
  for (const int ranks : {2, 3, 5})
    test::on_ranks(ranks, [&](Communicator& world) {
      omp_set_num_threads(world.rank() + 1);
      expect_equal(walk(test::rows_of_rank(cost, world.rank(), ranks), 10, world, false), expected);
    });
}

TEST(LowerBound, LeavesDroppedRowsOut) {
  const Matrix<float> cost = test::random_costs(20, 9, 6);
  SelfCommunicator self;
  const CostRows all = test::rows_of_rank(cost);
  LowerBound bound(all, 5, self);
  const std::vector<double> dual(9, 0.0);
  const DualPoint before = bound.evaluate(dual);
  std::vector<std::int64_t> sorted = before.row_score;
  std::sort(sorted.begin(), sorted.end());
  ASSERT_LT(sorted[5], sorted[6]);
  bound.drop(std::vector<std::int64_t>{std::find(before.row_score.begin(), before.row_score.end(), sorted[5]) - before.row_score.begin()});
  const DualPoint& after = bound.evaluate(dual);
  EXPECT_TRUE(after.bound_units == before.bound_units);
  EXPECT_EQ(after.next_score, sorted[6]);
}

}  // namespace
}  // namespace goracs::itra
