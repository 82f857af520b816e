#include "itra/greedy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "support/cost_units.hpp"
#include "support/random_costs.hpp"
#include "support/thread_ranks.hpp"

namespace goracs {
namespace {

using Rows = std::vector<std::int64_t>;

/// Pool rows among `candidates` (ascending) that are nearest to a column, the lowest of equal ones.
std::set<std::int64_t> nearest_rows(const Matrix<float>& cost, const Rows& candidates) {
  std::set<std::int64_t> rows;
  for (std::int64_t j = 0; j < cost.cols(); ++j)
    rows.insert(*std::ranges::min_element(candidates, {}, [&](std::int64_t i) { return cost(i, j); }));
  return rows;
}

/// SPEC 6, stage 1, by full scans in integers.
Rows full_scan(const Matrix<float>& cost, std::int64_t budget) {
  Rows all, added;
  for (std::int64_t i = 0; i < cost.rows(); ++i) all.push_back(i);
  const bool end_rule = static_cast<std::int64_t>(nearest_rows(cost, all).size()) > budget;
  std::vector<std::int64_t> minimum(static_cast<std::size_t>(cost.cols()), std::numeric_limits<std::int64_t>::max());
  while (true) {
    if (static_cast<std::int64_t>(added.size()) >= budget) {
      if (!end_rule) return added;
      Rows sorted = added;
      std::ranges::sort(sorted);
      const auto used = nearest_rows(cost, sorted);
      if (static_cast<std::int64_t>(used.size()) >= budget) {
        std::erase_if(added, [&](std::int64_t i) { return !used.contains(i); });
        return added;
      }
    }
    std::int64_t best = -1, best_sum = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t i : all) {
      if (std::ranges::find(added, i) != added.end()) continue;
      std::int64_t sum = 0;
      for (std::int64_t j = 0; j < cost.cols(); ++j) sum += std::min(test::cost_units(cost(i, j)), minimum[static_cast<std::size_t>(j)]);
      if (sum < best_sum) best = i, best_sum = sum;
    }
    added.push_back(best);
    for (std::int64_t j = 0; j < cost.cols(); ++j)
      minimum[static_cast<std::size_t>(j)] = std::min(minimum[static_cast<std::size_t>(j)], test::cost_units(cost(best, j)));
  }
}

TEST(Greedy, StartsWithTheSmallestSumAndAddsWhatLowersItMost) {
  Matrix<float> cost(3, 2);
  cost(0, 0) = 0, cost(0, 1) = 1;
  cost(1, 0) = 0.5F, cost(1, 1) = 0.25F;
  cost(2, 0) = 0.75F, cost(2, 1) = 0;
  test::on_ranks(1, [&](Communicator& world) {
    const auto matrix = itra::CostMatrix::of(cost, world);
    itra::GreedyPass pass(matrix, world);
    EXPECT_EQ(pass.first_rows(3), (Rows{1, 0, 2}));  // sums 1, 0.75, 0.75; then 0.5 less by row 0, 0.25 by row 2
  });
}

struct Case {
  std::int64_t rows, cols;
  int steps;  ///< costs are multiples of 1 / steps; 0: of 2^-24
};

class GreedyCases : public ::testing::TestWithParam<Case> {};

TEST_P(GreedyCases, EqualsTheFullScanForAnyRanks) {
  const auto [rows, cols, steps] = GetParam();
  for (unsigned seed = 0; seed < 8; ++seed) {
    const Matrix<float> cost = test::random_costs(rows, cols, seed, steps);
    for (const std::int64_t budget : {std::int64_t{1}, rows / 7 + 1, rows / 2 + 1, rows}) {
      const Rows expected = full_scan(cost, budget);
      EXPECT_EQ(static_cast<std::int64_t>(expected.size()), budget);
      for (const int ranks : {1, 2, 3, 5})
        test::on_ranks(ranks, [&](Communicator& world) {
          const auto matrix = itra::CostMatrix::of(cost, world);
          itra::GreedyPass pass(matrix, world);
          EXPECT_EQ(pass.coreset(budget), expected) << "seed " << seed << ", budget " << budget << ", ranks " << ranks;
        });
    }
  }
}

TEST_P(GreedyCases, GivesEveryBudgetOfASweepInOnePass) {
  const auto [rows, cols, steps] = GetParam();
  for (unsigned seed = 20; seed < 23; ++seed) {
    const Matrix<float> cost = test::random_costs(rows, cols, seed, steps);
    test::on_ranks(2, [&](Communicator& world) {
      const auto matrix = itra::CostMatrix::of(cost, world);
      itra::GreedyPass pass(matrix, world);
      for (std::int64_t budget = 1; budget <= rows; ++budget) EXPECT_EQ(pass.coreset(budget), full_scan(cost, budget)) << budget;
    });
  }
}

TEST_P(GreedyCases, GoesOnFromAnOrderThatIsKnown) {
  const auto [rows, cols, steps] = GetParam();
  const Matrix<float> cost = test::random_costs(rows, cols, 30, steps);
  const std::int64_t half = rows / 2 + 1;
  test::on_ranks(2, [&](Communicator& world) {
    const auto matrix = itra::CostMatrix::of(cost, world);
    itra::GreedyPass first(matrix, world);
    first.coreset(half);
    for (const std::int64_t budget : {std::int64_t{1}, half, rows}) {
      itra::GreedyPass again(matrix, world, first.order());
      EXPECT_EQ(again.coreset(budget), full_scan(cost, budget)) << budget;
      EXPECT_GE(again.order().rows.size(), first.order().rows.size());
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Sizes, GreedyCases,
                         ::testing::Values(Case{1, 1, 0}, Case{1, 9, 0}, Case{13, 1, 0}, Case{20, 31, 0}, Case{33, 20, 4}, Case{40, 12, 2},
                                           Case{25, 60, 3}),
                         [](const auto& sizes) {
                           return std::to_string(sizes.param.rows) + "x" + std::to_string(sizes.param.cols) + "steps" +
                                  std::to_string(sizes.param.steps);
                         });

/// Past 8192 columns a double no longer holds a sum; two rows differ in the last unit of theirs.
TEST(Greedy, IsExactOverManyColumns) {
  constexpr std::int64_t kCols = 20'000;
  Matrix<float> cost(3, kCols);
  for (std::int64_t j = 0; j < kCols; ++j) cost(0, j) = cost(1, j) = cost(2, j) = 1 - 0x1p-24F;
  cost(0, 0) = 0x1.8p-39F;
  cost(1, kCols - 1) = 0x1p-39F;
  cost(2, 5) = 0x1p-40F;
  test::on_ranks(2, [&](Communicator& world) {
    const auto matrix = itra::CostMatrix::of(cost, world);
    itra::GreedyPass pass(matrix, world);
    EXPECT_EQ(pass.first_rows(3), (Rows{2, 1, 0}));
  });
}

}  // namespace
}  // namespace goracs
