// The kernels that choose rows: whatever they return decides an index, so it equals the CPU's to the bit.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <device_under_test.hpp>
#include <functional>
#include <random>
#include <vector>

#include "kernels/best_rows.hpp"
#include "kernels/column_minimum.hpp"
#include "kernels/column_two_lowest.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/gain.hpp"
#include "kernels/lowest_columns.hpp"
#include "kernels/lowest_sum.hpp"
#include "kernels/reduced_cost.hpp"
#include "kernels/row_sum.hpp"
#include "support/random_costs.hpp"

namespace goracs {
namespace {

using cuda::DeviceArray;
using test::random_costs;
using testing::ElementsAre;

constexpr std::int64_t kUnit = std::int64_t{1} << 40;

/// A matrix on the host and its copy on the device.
struct Costs {
  explicit Costs(Matrix<float> matrix)
      : host(std::move(matrix)), device(std::span<const float>(host.data(), static_cast<std::size_t>(host.rows() * host.cols()))) {}
  explicit Costs(const std::vector<std::vector<float>>& rows) : Costs(matrix_of(rows)) {}
  MatrixView<const float> on_device() const { return device.view(host.rows(), host.cols()); }

  std::vector<const float*> host_rows() const { return pointers(host.data()); }
  std::vector<const float*> device_rows() const { return pointers(device.data()); }

  Matrix<float> host;
  DeviceArray<float> device;

 private:
  static Matrix<float> matrix_of(const std::vector<std::vector<float>>& rows) {
    Matrix<float> matrix(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows[0].size()));
    for (std::int64_t i = 0; i < matrix.rows(); ++i) std::ranges::copy(rows[static_cast<std::size_t>(i)], matrix.row(i).begin());
    return matrix;
  }
  std::vector<const float*> pointers(const float* data) const {
    std::vector<const float*> rows;
    for (std::int64_t i = 0; i < host.rows(); ++i) rows.push_back(data + i * host.cols());
    return rows;
  }
};

/// Multiples of 2^-40 of either sign, coarse ones where ties are wanted.
std::vector<double> random_duals(std::int64_t count, unsigned seed, int steps) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::int64_t> units(-2 * kUnit, 2 * kUnit);
  std::vector<double> duals(static_cast<std::size_t>(count));
  for (double& dual : duals) {
    const double value = static_cast<double>(units(random)) / static_cast<double>(kUnit);
    dual = steps > 0 ? std::floor(value * steps) / steps : value;
  }
  return duals;
}

std::vector<std::int64_t> device_gain(const Costs& costs, const std::vector<float>& column_minimum) {
  const DeviceArray<float> least{std::span<const float>(column_minimum)};
  DeviceArray<std::int64_t> gain(costs.host.rows());
  cuda::gain(costs.on_device(), least.span(), gain.span());
  return gain.to_host();
}

struct ColumnMinimum {
  std::vector<float> minimum;
  std::vector<std::int32_t> row;
};

ColumnMinimum device_column_minimum(const Costs& costs) {
  DeviceArray<float> minimum(costs.host.cols());
  DeviceArray<std::int32_t> row(costs.host.cols());
  cuda::column_minimum(costs.on_device(), minimum.span(), row.span());
  return {minimum.to_host(), row.to_host()};
}

std::vector<double> device_least(const Costs& costs, const std::vector<double>& column_dual) {
  const DeviceArray<const float*> rows{std::span<const float* const>(costs.device_rows())};
  const DeviceArray<double> dual{std::span<const double>(column_dual)};
  DeviceArray<double> least(rows.size());
  cuda::least_difference(rows.span(), dual.span(), least.span());
  return least.to_host();
}

struct TwoLowest {
  explicit TwoLowest(std::int64_t cols) : first(static_cast<std::size_t>(cols)), second(first), owner(first.size()) {}
  std::vector<double> first, second;
  std::vector<std::int32_t> owner;
};

TwoLowest device_two_lowest(const Costs& costs, const std::vector<double>& row_dual) {
  const DeviceArray<const float*> rows{std::span<const float* const>(costs.device_rows())};
  const DeviceArray<double> dual{std::span<const double>(row_dual)};
  DeviceArray<double> first(costs.host.cols()), second(costs.host.cols());
  DeviceArray<std::int32_t> owner(costs.host.cols());
  cuda::column_two_lowest(rows.span(), dual.span(), {first.span(), second.span(), owner.span()});
  TwoLowest lowest(costs.host.cols());
  lowest.first = first.to_host();
  lowest.second = second.to_host();
  lowest.owner = owner.to_host();
  return lowest;
}

using Rows = std::vector<std::int64_t>;

/// All rows, the last one first and the first one twice.
Rows some_rows(const Costs& costs) {
  Rows rows{0};
  for (std::int64_t i = costs.host.rows(); i-- > 0;) rows.push_back(i);
  return rows;
}

std::vector<LowestSum> device_lowest_sum(const Costs& costs, const Rows& rows, const std::vector<double>& potential, int sign,
                                         std::int64_t count) {
  const DeviceArray<std::int64_t> of_rows{std::span<const std::int64_t>(rows)};
  const DeviceArray<double> of_column{std::span<const double>(potential)};
  DeviceArray<LowestSum> lowest(of_rows.size());
  cuda::lowest_sum(costs.on_device(), of_rows.span(), of_column.span(), sign, count, lowest.span());
  return lowest.to_host();
}

std::vector<CostArc> device_lowest_columns(const Costs& costs, const Rows& rows, const std::vector<double>& potential, std::int64_t count) {
  const DeviceArray<std::int64_t> of_rows{std::span<const std::int64_t>(rows)};
  const DeviceArray<double> of_column{std::span<const double>(potential)};
  DeviceArray<CostArc> arcs(of_rows.size() * count);
  cuda::lowest_columns(costs.on_device(), of_rows.span(), of_column.span(), arcs.view(of_rows.size(), count));
  return arcs.to_host();
}

struct Best {
  explicit Best(std::int64_t count) : row(static_cast<std::size_t>(count)), score(row.size()) {}
  Rows row;
  std::vector<Int128> score;
  BestRows spans() { return {row, score}; }
};

Best device_best_rows(const RowScores& scores, const std::vector<char>& left_out, std::int64_t count) {
  const DeviceArray<LowestSum> lowest{scores.lowest};
  const DeviceArray<std::int64_t> row_sum{scores.row_sum};
  const DeviceArray<char> not_these{std::span<const char>(left_out)};
  DeviceArray<std::int64_t> row(count);
  DeviceArray<Int128> score(count);
  cuda::best_rows({lowest.span(), row_sum.span(), scores.of_sum, scores.of_last}, not_these.span(), {row.span(), score.span()});
  Best best(count);
  best.row = row.to_host();
  best.score = score.to_host();
  return best;
}

class SelectionKernels : public test::DeviceUnderTest {
 protected:
  /// Every shape without ties and with many.
  void for_each_matrix(const std::function<void(const Costs&, int steps)>& check) {
    for (const auto& [rows, cols] : shapes())
      for (const int steps : {0, 4}) {
        SCOPED_TRACE(testing::Message() << rows << " x " << cols << ", steps " << steps);
        check(Costs(random_costs(rows, cols, 7, steps)), steps);
      }
  }
};
INSTANTIATE_TEST_SUITE_P(Schedules, SelectionKernels, testing::ValuesIn(SelectionKernels::schedules()));

TEST_P(SelectionKernels, SumsAndGainsOfTwoRowsByHand) {
  const Costs costs({{0.5F, 0.25F, 1}, {0, 1, 0.125F}});
  DeviceArray<std::int64_t> sum(2);
  cuda::row_sum(costs.on_device(), sum.span());
  EXPECT_THAT(sum.to_host(), ElementsAre(kUnit * 7 / 4, kUnit * 9 / 8));
  EXPECT_THAT(device_gain(costs, {0.5F, 0.5F, 0.5F}), ElementsAre(kUnit / 4, kUnit * 7 / 8));
}

TEST_P(SelectionKernels, SumsAndGainsEqualTheCpus) {
  for_each_matrix([&](const Costs& costs, int steps) {
    std::vector<std::int64_t> expected(static_cast<std::size_t>(costs.host.rows()));
    cpu::row_sum(costs.host, expected);
    DeviceArray<std::int64_t> sum(costs.host.rows());
    cuda::row_sum(costs.on_device(), sum.span());
    EXPECT_EQ(sum.to_host(), expected);

    const Matrix<float> other = random_costs(1, costs.host.cols(), 8, steps);
    const std::vector<float> column_minimum(other.row(0).begin(), other.row(0).end());
    cpu::gain(costs.host, column_minimum, expected);
    EXPECT_EQ(device_gain(costs, column_minimum), expected);
  });
}

TEST_P(SelectionKernels, ColumnMinimaNameTheLowestRow) {
  const auto [minimum, row] = device_column_minimum(Costs({{0.5F, 0.25F}, {0.5F, 0}, {0.75F, 0}}));
  EXPECT_THAT(minimum, ElementsAre(0.5F, 0));
  EXPECT_THAT(row, ElementsAre(0, 1));
}

TEST_P(SelectionKernels, ColumnMinimaOfEitherSignOrderAsNumbers) {
  const auto [minimum, row] = device_column_minimum(Costs({{1, -1, 0}, {-2, -3, -0.0F}, {3, -2, 1}}));
  EXPECT_THAT(minimum, ElementsAre(-2, -3, 0));
  EXPECT_THAT(row, ElementsAre(1, 1, 0));
}

TEST_P(SelectionKernels, ColumnMinimaEqualTheCpus) {
  for_each_matrix([&](const Costs& costs, int) {
    std::vector<float> minimum(static_cast<std::size_t>(costs.host.cols()));
    std::vector<std::int32_t> row(minimum.size());
    cpu::column_minimum(costs.host, minimum, row);
    const ColumnMinimum got = device_column_minimum(costs);
    EXPECT_EQ(got.minimum, minimum);
    EXPECT_EQ(got.row, row);
  });
}

TEST_P(SelectionKernels, PricesEqualTheCpus) {
  EXPECT_THAT(device_least(Costs({{0.5F, 0.25F}, {1, 0}}), {0.25, -1}), ElementsAre(0.25, 0.75));
  for_each_matrix([&](const Costs& costs, int steps) {
    const std::vector<double> dual = random_duals(costs.host.cols(), 9, steps);
    std::vector<double> expected;
    for (std::int64_t i = 0; i < costs.host.rows(); ++i) expected.push_back(cpu::least_difference(costs.host.row(i), dual));
    EXPECT_EQ(device_least(costs, dual), expected);
  });
}

TEST_P(SelectionKernels, TheTwoLowestOfAColumnByHand) {
  const TwoLowest lowest = device_two_lowest(Costs({{0.5F, 0.25F, 0}, {0.5F, 0, 1}, {0, 0.5F, 0.5F}}), {0, 0, -0.5});
  EXPECT_THAT(lowest.first, ElementsAre(0.5, 0, 0));
  EXPECT_THAT(lowest.second, ElementsAre(0.5, 0.25, 1));
  EXPECT_THAT(lowest.owner, ElementsAre(0, 1, 0));
}

TEST_P(SelectionKernels, TheTwoLowestOfACoresetOfOneRowAreTheSame) {
  const TwoLowest lowest = device_two_lowest(Costs(std::vector<std::vector<float>>{{0.5F, 0.25F}}), {0.25});
  EXPECT_THAT(lowest.first, ElementsAre(0.25, 0));
  EXPECT_EQ(lowest.second, lowest.first);
}

TEST_P(SelectionKernels, TheTwoLowestOfColumnsEqualTheCpus) {
  for_each_matrix([&](const Costs& costs, int steps) {
    const std::vector<double> dual = random_duals(costs.host.rows(), 10, steps);
    TwoLowest expected(costs.host.cols());
    cpu::column_two_lowest(costs.host_rows(), dual, {expected.first, expected.second, expected.owner});
    const TwoLowest got = device_two_lowest(costs, dual);
    EXPECT_EQ(got.first, expected.first);
    EXPECT_EQ(got.second, expected.second);
    EXPECT_EQ(got.owner, expected.owner);
  });
}

TEST_P(SelectionKernels, TheLowestDifferencesByHand) {
  const Costs costs({{0, 0, 0, 0}, {1, 0.5F, 0.25F, 0.5F}});
  // e = 1, 0.5, 0.25, 0.5: the three lowest end with one of the two halves
  std::vector<LowestSum> lowest = device_lowest_sum(costs, {1}, {0, 0, 0, 0}, 1, 3);
  EXPECT_EQ(lowest[0].last, kUnit / 2);
  EXPECT_TRUE(lowest[0].sum() == Int128{kUnit} * 5 / 4);
  // e = -1, -0.5, ...: the lowest is that of the largest cost
  lowest = device_lowest_sum(costs, {1}, {0, 0, 0, 0}, -1, 1);
  EXPECT_EQ(lowest[0].last, -kUnit);
  EXPECT_TRUE(lowest[0].sum() == -Int128{kUnit});
}

TEST_P(SelectionKernels, TheLowestDifferencesEqualTheCpus) {
  for_each_matrix([&](const Costs& costs, int steps) {
    if (costs.host.rows() > 100) return;  // seven passes over each row take their time on the emulator
    const std::int64_t cols = costs.host.cols(), count = steps == 0 ? (cols + 3) / 4 : (cols + 1) / 2;
    const int sign = steps == 0 ? 1 : -1;
    const std::vector<double> potential = random_duals(cols, 11, steps);
    const Rows rows = some_rows(costs);
    std::vector<LowestSum> expected(rows.size());
    cpu::lowest_sum(costs.host, rows, potential, sign, count, expected);
    EXPECT_EQ(device_lowest_sum(costs, rows, potential, sign, count), expected) << "the " << count << " lowest";
  });
}

TEST_P(SelectionKernels, TheLowestAndAllDifferencesEqualTheCpus) {
  const Costs costs(random_costs(2, 33, 12));
  const std::vector<double> potential = random_duals(33, 13, 0);
  std::vector<LowestSum> expected(2);
  for (const std::int64_t count : {1, 33}) {
    cpu::lowest_sum(costs.host, Rows{0, 1}, potential, 1, count, expected);
    EXPECT_EQ(device_lowest_sum(costs, {0, 1}, potential, 1, count), expected) << "the " << count << " lowest";
  }
}

TEST_P(SelectionKernels, TheLowestColumnsByHand) {
  const Costs costs({{0, 0, 0, 0}, {1, 0.5F, 0.25F, 0.5F}});
  // differences 0, 0.5, 0.75, 0.5: after column 0 the first of the two halves
  EXPECT_THAT(device_lowest_columns(costs, {1}, {1, 0, -0.5, 0}, 2), ElementsAre(CostArc{1, 0}, CostArc{0.5F, 1}));
  // differences below 0, of which -0.25 is the highest
  EXPECT_THAT(device_lowest_columns(costs, {1, 0}, {2, 1, 1, 0.75}, 1), ElementsAre(CostArc{1, 0}, CostArc{0, 0}));
}

TEST_P(SelectionKernels, TheLowestColumnsEqualTheCpus) {
  for_each_matrix([&](const Costs& costs, int steps) {
    if (costs.host.rows() > 100) return;
    const std::int64_t cols = costs.host.cols();
    std::vector<double> potential = random_duals(cols, 14, steps);
    if (steps == 0)  // no multiples of anything: every difference is rounded
      for (double& f : potential) f *= 0.3;
    const Rows rows = some_rows(costs);
    for (const std::int64_t count : {(cols + 2) / 3, cols}) {
      Matrix<CostArc> expected(static_cast<std::int64_t>(rows.size()), count);
      cpu::lowest_columns(costs.host, rows, potential, expected);
      const std::vector<CostArc> arcs = device_lowest_columns(costs, rows, potential, count);
      EXPECT_TRUE(std::ranges::equal(arcs, std::span(expected.data(), arcs.size()))) << "the " << count << " lowest";
      if (few_threads()) return;
    }
  });
}

TEST_P(SelectionKernels, TheBestRowsByHand) {
  // sums 5, 4, 5, 2^32 - 1: scores 2 sum - last
  const std::vector<LowestSum> lowest{{3, 0, 5}, {1, 0, 4}, {3, 0, 5}, {0, 1, -1}};
  Best best = device_best_rows({lowest, {}, 2, -1}, {0, 0, 0, 0}, 2);
  EXPECT_THAT(best.row, ElementsAre(0, 1));  // 7, 7, 7: the lowest rows
  EXPECT_TRUE(best.score[0] == 7 && best.score[1] == 7);
  best = device_best_rows({lowest, {}, 2, -1}, {0, 1, 0, 0}, 3);
  EXPECT_THAT(best.row, ElementsAre(0, 2, 3));
  EXPECT_TRUE(best.score[2] == (Int128{1} << 33) - 2);
  const std::vector<std::int64_t> row_sum{0, -100, 0, 0};
  best = device_best_rows({lowest, row_sum, 2, -1}, {0, 0, 0, 0}, 1);
  EXPECT_THAT(best.row, ElementsAre(1));
  EXPECT_TRUE(best.score[0] == -193);
}

TEST_P(SelectionKernels, TheBestRowsEqualTheCpus) {
  std::mt19937 random(15);
  // from 150 on of several blocks
  const std::vector<int> sizes = few_threads() ? std::vector{33, 150} : std::vector{1, 31, 32, 33, 150, 1000};
  for (const int rows : sizes) {
    for (const std::int64_t range : {std::int64_t{3}, std::int64_t{1} << 50}) {  // many ties, and none
      SCOPED_TRACE(testing::Message() << rows << " rows, range " << range);
      std::uniform_int_distribution<std::int64_t> value(-range, range);
      std::vector<LowestSum> lowest(static_cast<std::size_t>(rows));
      std::vector<std::int64_t> row_sum(lowest.size());
      std::vector<char> left_out(lowest.size());
      for (std::size_t i = 0; i < lowest.size(); ++i) {
        lowest[i] = {value(random), value(random), value(random)};
        row_sum[i] = value(random);
        left_out[i] = rows > 1 && i % 5 == 1 ? 1 : 0;
      }
      const auto eligible = std::ranges::count(left_out, 0);
      for (const std::int64_t count : {eligible / 2 + 1, std::int64_t{1}, eligible}) {
        const RowScores scores{lowest, row_sum, 1024, -5000};
        Best expected(count);
        cpu::best_rows(scores, left_out, expected.spans());
        const Best best = device_best_rows(scores, left_out, count);
        EXPECT_EQ(best.row, expected.row) << count;
        EXPECT_TRUE(best.score == expected.score) << count;
        if (few_threads()) break;
      }
    }
  }
}

}  // namespace
}  // namespace goracs
