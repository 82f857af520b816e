#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/column_minimum.hpp"
#include "kernels/gain.hpp"
#include "kernels/normalise_cost.hpp"
#include "kernels/not_compiled.hpp"
#include "kernels/pairwise_distance.hpp"
#include "kernels/row_range.hpp"
#include "kernels/row_sum.hpp"
#include "kernels/sum_below.hpp"
#include "support/cost_units.hpp"
#include "support/random_costs.hpp"

namespace goracs {
namespace {

Matrix<float> normal_matrix(std::int64_t rows, std::int64_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Matrix<float> matrix(rows, cols);
  for (std::int64_t i = 0; i < rows; ++i)
    for (float& value : matrix.row(i)) value = normal(random);
  return matrix;
}

std::vector<std::uint32_t> bits_of(const Matrix<float>& matrix) {
  std::vector<std::uint32_t> bits;
  for (std::int64_t i = 0; i < matrix.rows(); ++i)
    for (const float value : matrix.row(i)) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

/// SPEC 5 to the letter, one operation at a time.
float distance_of(std::span<const float> a, std::span<const float> b) {
  std::array<volatile float, 16> sum{};
  for (std::size_t c = 0; c < a.size(); ++c) {
    const volatile float difference = a[c] - b[c];
    const volatile float square = difference * difference;
    sum[c % 16] = sum[c % 16] + square;
  }
  for (std::size_t half : {8U, 4U, 2U, 1U})
    for (std::size_t lane = 0; lane < half; ++lane) sum[lane] = sum[lane] + sum[lane + half];
  return std::sqrt(sum[0]);
}

TEST(SumBelow, AddsWhatLiesBelowTheLevel) {
  constexpr float kNone = std::numeric_limits<float>::infinity();
  // entries of 0.25 and 0.5 against potentials 0.5 and -0.25: -0.25 and 0.75, then padding
  const std::vector<float> cost{0.25F, 0.5F, kNone, kNone, kNone, kNone, kNone, kNone};
  const std::vector<std::int32_t> column{1, 0, 0, 0, 0, 0, 0, 0};
  const std::vector<double> potential{-0.25, 0.5};
  EXPECT_EQ(cpu::sum_below(cost, column, potential, -0.5), 0);
  EXPECT_EQ(cpu::sum_below(cost, column, potential, 0.25), -0.5);
  EXPECT_EQ(cpu::sum_below(cost, column, potential, 1), -1.5);
  EXPECT_EQ(cpu::sum_below({}, {}, potential, 1), 0);
}

TEST(SumBelow, IsExactForMultiplesOfTheUnit) {
  std::mt19937 random(5);
  for (const std::size_t entries : {8U, 48U, 272U}) {
    std::vector<float> cost(entries);
    std::vector<std::int32_t> column(entries);
    std::vector<double> potential(1000);
    for (double& f : potential) f = static_cast<double>(random() % 4096) / 4096 - 0.5;
    double expected = 0;
    for (std::size_t p = 0; p < entries; ++p) {
      cost[p] = static_cast<float>(random() % 4096) / 4096;
      column[p] = static_cast<std::int32_t>(random() % 1000);
      expected += std::min(static_cast<double>(cost[p]) - potential[static_cast<std::size_t>(column[p])] - 0.25, 0.0);
    }
    EXPECT_EQ(cpu::sum_below(cost, column, potential, 0.25), expected) << entries;
  }
}

TEST(PairwiseDistance, IsThatOfAThreeFourFiveTriangle) {
  Matrix<float> train(2, 2), valid(1, 2), distance(2, 1);
  train(0, 0) = 1, train(0, 1) = 1, train(1, 0) = -2, train(1, 1) = -3;
  valid(0, 0) = 1, valid(0, 1) = 1;
  cpu::pairwise_distance(train, valid, distance);
  EXPECT_EQ(distance(0, 0), 0);
  EXPECT_EQ(distance(1, 0), 5);
}

TEST(PairwiseDistance, HasTheSameBitsOnEveryInstructionSet) {
  EXPECT_EQ(cpu::instruction_sets().front(), cpu::InstructionSet::kPortable);
  for (const std::int64_t d : {1, 7, 15, 16, 17, 33, 384})
    for (const std::int64_t rows : {1, 2, 5, 67})
      for (const std::int64_t cols : {1, 3, 4, 32}) {
        const Matrix<float> train = normal_matrix(rows, d, 1), valid = normal_matrix(cols, d, 2);
        Matrix<float> expected(rows, cols);
        for (std::int64_t i = 0; i < rows; ++i)
          for (std::int64_t j = 0; j < cols; ++j) expected(i, j) = distance_of(train.row(i), valid.row(j));
        for (const cpu::InstructionSet set : cpu::instruction_sets()) {
          Matrix<float> found(rows, cols);
          cpu::pairwise_distance(train, valid, found, set);
          EXPECT_EQ(bits_of(found), bits_of(expected)) << cpu::name_of(set) << ": " << rows << " x " << cols << " x " << d;
        }
      }
}

TEST(PairwiseDistance, WritesIntoAPartOfAWiderMatrix) {
  const Matrix<float> train = normal_matrix(9, 20, 1), valid = normal_matrix(7, 20, 2);
  Matrix<float> whole(9, 7), parts(9, 7);
  cpu::pairwise_distance(train, valid, whole);
  for (const std::int64_t j : {0, 3, 5}) {
    const std::int64_t count = j == 0 ? 3 : 2;
    cpu::pairwise_distance(train, valid.view().rows_from(j, count), {parts.data() + j, 9, count, 7});
  }
  EXPECT_EQ(bits_of(parts), bits_of(whole));
}

TEST(PairwiseDistance, IsTheSameForAnyThreads) {
  const Matrix<float> train = normal_matrix(300, 24, 1), valid = normal_matrix(70, 24, 2);
  Matrix<float> one(300, 70), more(300, 70);
  omp_set_num_threads(1);
  cpu::pairwise_distance(train, valid, one);
  for (const int threads : {2, 4}) {
    omp_set_num_threads(threads);
    cpu::pairwise_distance(train, valid, more);
    EXPECT_EQ(bits_of(more), bits_of(one));
  }
}

TEST(RowRange, FindsTheExtremesOfEachRow) {
  for (const std::int64_t cols : {1, 31, 32, 33, 1000}) {
    const Matrix<float> values = normal_matrix(5, cols, 3);
    std::vector<float> minimum(5), maximum(5);
    cpu::row_range(values, minimum, maximum);
    for (std::int64_t i = 0; i < 5; ++i) {
      EXPECT_EQ(minimum[static_cast<std::size_t>(i)], std::ranges::min(values.row(i)));
      EXPECT_EQ(maximum[static_cast<std::size_t>(i)], std::ranges::max(values.row(i)));
    }
  }
}

TEST(NormaliseCost, MapsDistancesOfOneToFiveOntoZeroToOne) {
  Matrix<float> values(2, 2);
  values(0, 0) = 2, values(0, 1) = 4, values(1, 0) = 10, values(1, 1) = 6;
  // divided by 2: 1 2 5 3; less 0 and 1: 1 2 4 2
  cpu::normalise_cost(values, std::vector<float>{0, 1}, {.distance_divisor = 2, .lowest = 1, .highest = 4});
  EXPECT_EQ(values(0, 0), 0);
  EXPECT_EQ(values(0, 1), 1.0F / 3);
  EXPECT_EQ(values(1, 0), 1);
  EXPECT_EQ(values(1, 1), 1.0F / 3);
}

TEST(NormaliseCost, RoundsToMultiplesOfTheUnitHalfToEven) {
  const std::vector<float> costs = {0x1p-41F, 0x1.8p-40F, 0x1.4p-40F, 0x1p-17F, 0x1.000002p-18F, 0x1.fffffep-18F, 0.3F, 1.0F};
  Matrix<float> values(1, static_cast<std::int64_t>(costs.size()));
  std::ranges::copy(costs, values.row(0).begin());
  cpu::normalise_cost(values, std::vector<float>{0}, {});
  const std::vector<float> expected = {0, 0x1p-39F, 0x1p-40F, 0x1p-17F, 0x1p-18F, 0x1p-17F, 0.3F, 1.0F};
  EXPECT_EQ(std::vector<float>(values.row(0).begin(), values.row(0).end()), expected);
  for (const float value : values.row(0)) EXPECT_EQ(std::fmod(static_cast<double>(value), kCostUnit), 0);
}

TEST(NormaliseCost, IsZeroWhereAllAreEqual) {
  Matrix<float> values(1, 2);
  values(0, 0) = values(0, 1) = 3;
  cpu::normalise_cost(values, std::vector<float>{0}, {.distance_divisor = 1, .lowest = 3, .highest = 3});
  EXPECT_EQ(values(0, 0), 0);
  EXPECT_EQ(values(0, 1), 0);
}

class ExactSums : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(ExactSums, EqualIntegerSums) {
  Matrix<float> cost = test::random_costs(6, GetParam(), 4);
  for (std::int64_t j = 0; j < GetParam(); ++j) cost(2, j) = 1;  // the largest sums there are
  for (std::int64_t j = 0; j < GetParam(); j += 3) cost(3, j) = 0x1p-40F;
  const Matrix<float> other = test::random_costs(1, GetParam(), 5);
  std::vector<std::int64_t> sum(6), gain(6), from_one(6), expected_sum(6), expected_gain(6), expected_from_one(6);
  for (std::int64_t i = 0; i < 6; ++i)
    for (std::int64_t j = 0; j < GetParam(); ++j) {
      const auto k = static_cast<std::size_t>(i);
      expected_sum[k] += test::cost_units(cost(i, j));
      expected_gain[k] += std::max<std::int64_t>(test::cost_units(other(0, j)) - test::cost_units(cost(i, j)), 0);
      expected_from_one[k] += test::cost_units(1) - test::cost_units(cost(i, j));
    }
  cpu::row_sum(cost, sum);
  cpu::gain(cost, other.row(0), gain);
  cpu::gain(cost, std::vector<float>(static_cast<std::size_t>(GetParam()), 1.0F), from_one);
  EXPECT_EQ(sum, expected_sum);
  EXPECT_EQ(gain, expected_gain);
  EXPECT_EQ(from_one, expected_from_one);
}

INSTANTIATE_TEST_SUITE_P(Columns, ExactSums, ::testing::Values(1, 31, 32, 33, 1000, 8191, 8192, 8193, 20000));

TEST(ColumnMinimum, NamesTheLowestOfEqualRows) {
  Matrix<float> cost(3, 2);
  cost(0, 0) = 0.5F, cost(1, 0) = 0.25F, cost(2, 0) = 0.25F;
  cost(0, 1) = 0.5F, cost(1, 1) = 0.5F, cost(2, 1) = 0.5F;
  std::vector<float> minimum(2);
  std::vector<std::int32_t> row(2);
  cpu::column_minimum(cost, minimum, row);
  EXPECT_EQ(minimum, (std::vector<float>{0.25F, 0.5F}));
  EXPECT_EQ(row, (std::vector<std::int32_t>{1, 0}));
}

TEST(ColumnMinimum, EqualsAPlainSearch) {
  for (const std::int64_t rows : {1, 31, 33})
    for (const std::int64_t cols : {1, 32, 33, 1000, 2049}) {
      const Matrix<float> cost = test::random_costs(rows, cols, 6, 8);
      std::vector<float> minimum(static_cast<std::size_t>(cols)), expected_minimum;
      std::vector<std::int32_t> row(static_cast<std::size_t>(cols)), expected_row;
      cpu::column_minimum(cost, minimum, row);
      for (std::int64_t j = 0; j < cols; ++j) {
        std::int32_t best = 0;
        for (std::int32_t i = 1; i < rows; ++i)
          if (cost(i, j) < cost(best, j)) best = i;
        expected_row.push_back(best);
        expected_minimum.push_back(cost(best, j));
      }
      EXPECT_EQ(minimum, expected_minimum);
      EXPECT_EQ(row, expected_row);
    }
}

}  // namespace
}  // namespace goracs
