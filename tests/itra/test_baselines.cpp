// The baselines against their definitions, stated plainly in double, and against what their papers prove of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>
#include <vector>

#include "comm/self_communicator.hpp"
#include "itra/selection.hpp"
#include "support/selection_data.hpp"

namespace goracs {
namespace {

using Rows = std::vector<std::int64_t>;

Rows selected(const std::string& method, const test::SelectionData& data, std::int64_t budget) {
  SelfCommunicator self;
  return itra::select(data.input(), test::select_settings(method, budget), 1, self).indices;
}

double distance(std::span<const float> a, std::span<const float> b) {
  double squares = 0;
  for (std::size_t c = 0; c < a.size(); ++c) squares += std::pow(static_cast<double>(a[c]) - static_cast<double>(b[c]), 2);
  return std::sqrt(squares);
}

/// How far the rows are from their nearest chosen ones.
std::vector<double> to_nearest(const Matrix<float>& rows, const Matrix<float>& pool, const Rows& chosen) {
  std::vector<double> nearest(static_cast<std::size_t>(rows.rows()), INFINITY);
  for (std::int64_t j = 0; j < rows.rows(); ++j)
    for (const std::int64_t i : chosen)
      nearest[static_cast<std::size_t>(j)] = std::min(nearest[static_cast<std::size_t>(j)], distance(rows.row(j), pool.row(i)));
  return nearest;
}

double radius(const test::SelectionData& data, const Rows& chosen) { return std::ranges::max(to_nearest(data.train, data.train, chosen)); }

double sum_to_nearest(const test::SelectionData& data, const Rows& chosen) {
  const std::vector<double> nearest = to_nearest(data.valid, data.train, chosen);
  return std::accumulate(nearest.begin(), nearest.end(), 0.0);
}

/// The least value over all sets of `budget` pool rows.
double least_of_all(std::int64_t rows, std::int64_t budget, const std::function<double(const Rows&)>& value) {
  std::vector<bool> taken(static_cast<std::size_t>(rows), false);
  std::fill_n(taken.begin(), budget, true);
  double least = INFINITY;
  do {
    Rows chosen;
    for (std::int64_t i = 0; i < rows; ++i)
      if (taken[static_cast<std::size_t>(i)]) chosen.push_back(i);
    least = std::min(least, value(chosen));
  } while (std::prev_permutation(taken.begin(), taken.end()));
  return least;
}

TEST(KCenter, AddsTheRowThatIsFarthestFromTheChosen) {
  const test::SelectionData data = test::clustered_data(83, 11, 7, 3);
  Rows expected{0};
  while (expected.size() < 17) {
    const std::vector<double> nearest = to_nearest(data.train, data.train, expected);
    expected.push_back(std::ranges::max_element(nearest) - nearest.begin());
  }
  std::ranges::sort(expected);
  EXPECT_EQ(selected("k_center", data, 17), expected);
}

TEST(KCenter, CoversWithinTwiceTheLeastRadius) {
  for (std::uint32_t seed = 0; seed < 8; ++seed)
    for (const std::int64_t budget : {1, 2, 4}) {
      const test::SelectionData data = test::clustered_data(11, 3, 2, seed, seed % 2 == 1);
      const double least = least_of_all(11, budget, [&](const Rows& chosen) { return radius(data, chosen); });
      EXPECT_LE(radius(data, selected("k_center", data, budget)), 2 * least + 1e-6) << "seed " << seed << ", n = " << budget;
    }
}

TEST(FacilityLocation, AddsTheRowThatBringsTheValidationRowsNearest) {
  const test::SelectionData data = test::clustered_data(71, 29, 6, 4);
  Rows expected;
  while (expected.size() < 13) {
    std::int64_t best = -1;
    double least = INFINITY;
    for (std::int64_t i = 0; i < 71; ++i) {
      if (std::ranges::find(expected, i) != expected.end()) continue;
      Rows more = expected;
      more.push_back(i);
      const double sum = sum_to_nearest(data, more);
      if (sum < least) {
        least = sum;
        best = i;
      }
    }
    expected.push_back(best);
  }
  std::ranges::sort(expected);
  EXPECT_EQ(selected("facility_location", data, 13), expected);
}

TEST(FacilityLocation, ReachesTheProvenShareOfTheBest) {
  for (std::uint32_t seed = 0; seed < 8; ++seed)
    for (const std::int64_t budget : {1, 3}) {
      const test::SelectionData data = test::clustered_data(11, 8, 2, seed, seed % 2 == 1);
      double largest = 0;
      for (std::int64_t i = 0; i < 11; ++i) largest = std::max(largest, std::ranges::max(to_nearest(data.valid, data.train, {i})));
      const double best = 8 * largest - least_of_all(11, budget, [&](const Rows& chosen) { return sum_to_nearest(data, chosen); });
      const double own = 8 * largest - sum_to_nearest(data, selected("facility_location", data, budget));
      EXPECT_GE(own, (1 - std::exp(-1.0)) * best - 1e-6) << "seed " << seed << ", n = " << budget;
    }
}

TEST(GradNorm, TakesTheLargestNormsAndOfEqualOnesTheFirst) {
  test::SelectionData data = test::clustered_data(6, 4, 3, 1);
  data.gradient_norm = {1, 7, 3, 7, 3, 3};
  EXPECT_EQ(selected("grad_norm", data, 3), (Rows{1, 2, 3}));
}

TEST(Random, DrawsEveryRowAboutEquallyOften) {
  const test::SelectionData data = test::clustered_data(10, 3, 2, 1);
  constexpr int kDraws = 2000;
  std::vector<int> drawn(10);
  SelfCommunicator self;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed)
    for (const std::int64_t i : itra::select(data.input(), test::select_settings("random", 3), seed, self).indices)
      ++drawn[static_cast<std::size_t>(i)];
  // 600 expected of each; its standard deviation is 20.5
  for (const int times : drawn) EXPECT_NEAR(times, 600, 100);
}

}  // namespace
}  // namespace goracs
