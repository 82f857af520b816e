// The kernels that build the cost matrix: the device's bits are the CPU's.
#include <gmock/gmock.h>

#include <device_under_test.hpp>
#include <vector>

#include "kernels/device_memory.hpp"
#include "kernels/normalise_cost.hpp"
#include "kernels/pairwise_distance.hpp"
#include "kernels/random_values.hpp"
#include "kernels/row_range.hpp"

namespace goracs {
namespace {

using cuda::DeviceArray;
using test::random_values;
using testing::ElementsAre;

/// The values as rows of `cols`.
MatrixView<const float> view(const std::vector<float>& values, std::int64_t cols) {
  return {values.data(), static_cast<std::int64_t>(values.size()) / cols, cols};
}
MatrixView<float> view(std::vector<float>& values, std::int64_t cols) {
  return {values.data(), static_cast<std::int64_t>(values.size()) / cols, cols};
}

std::vector<float> device_distances(const std::vector<float>& train, const std::vector<float>& valid, std::int64_t dimension) {
  const DeviceArray<float> a{std::span<const float>(train)}, b{std::span<const float>(valid)};
  const std::int64_t rows = a.size() / dimension, cols = b.size() / dimension;
  DeviceArray<float> distance(rows * cols);
  cuda::pairwise_distance(a.view(rows, dimension), b.view(cols, dimension), distance.view(rows, cols));
  return distance.to_host();
}

class CostKernels : public test::DeviceUnderTest {};
INSTANTIATE_TEST_SUITE_P(Schedules, CostKernels, testing::ValuesIn(CostKernels::schedules()));

TEST_P(CostKernels, DistancesOfTwoAndThreePointsAreThoseOfSchool) {
  EXPECT_THAT(device_distances({0, 0, 3, 4}, {0, 0, 3, 0, 0, 4}, 2), ElementsAre(0, 3, 4, 5, 4, 3));
}

TEST_P(CostKernels, DistancesHaveTheBitsOfTheCpu) {
  for (const auto& [rows, cols] : shapes())
    for (const std::int64_t dimension : {1, 17, 40}) {
      if (few_threads() && dimension != 17) continue;
      const std::vector<float> train = random_values(rows * dimension, 1), valid = random_values(cols * dimension, 2);
      std::vector<float> expected(static_cast<std::size_t>(rows * cols));
      cpu::pairwise_distance(view(train, dimension), view(valid, dimension), view(expected, cols));
      EXPECT_EQ(device_distances(train, valid, dimension), expected) << rows << " x " << cols << ", dimension " << dimension;
    }
}

TEST_P(CostKernels, DistancesGoIntoARectangleOfALargerMatrix) {
  const std::vector<float> train = random_values(3 * 5, 1), valid = random_values(2 * 5, 2);
  DeviceArray<float> matrix{std::span<const float>(std::vector<float>(4 * 7, -1.0F))};
  const DeviceArray<float> a{std::span<const float>(train)}, b{std::span<const float>(valid)};
  cuda::pairwise_distance(a.view(3, 5), b.view(2, 5), {matrix.data() + 7 + 4, 3, 2, 7});
  const std::vector<float> got = matrix.to_host();
  std::vector<float> expected(4 * 7, -1.0F);
  cpu::pairwise_distance(view(train, 5), view(valid, 5), {expected.data() + 7 + 4, 3, 2, 7});
  EXPECT_EQ(got, expected);
}

TEST_P(CostKernels, RangesOfRowsAreThoseOfTheCpu) {
  for (const auto& [rows, cols] : shapes()) {
    const std::vector<float> values = random_values(rows * cols, 3);
    std::vector<float> minimum(static_cast<std::size_t>(rows)), maximum(minimum.size());
    cpu::row_range(view(values, cols), minimum, maximum);
    const DeviceArray<float> matrix{std::span<const float>(values)};
    DeviceArray<float> least(rows), most(rows);
    cuda::row_range(matrix.view(rows, cols), least.span(), most.span());
    EXPECT_EQ(least.to_host(), minimum) << rows << " x " << cols;
    EXPECT_EQ(most.to_host(), maximum) << rows << " x " << cols;
  }
}

std::vector<float> device_costs(const std::vector<float>& distance, const std::vector<float>& penalty, std::int64_t cols, CostScale scale) {
  DeviceArray<float> values{std::span<const float>(distance)};
  const DeviceArray<float> of_row{std::span<const float>(penalty)};
  cuda::normalise_cost(values.view(of_row.size(), cols), of_row.span(), scale);
  return values.to_host();
}

TEST_P(CostKernels, CostsRunFromZeroToOneAndKeepTheirRow) {
  EXPECT_THAT(device_costs({2, 4, 6, 3, 5, 7}, {0, 1}, 3, {1, 2, 6}), ElementsAre(0, 0.5, 1, 0, 0.5, 1));
}

TEST_P(CostKernels, CostsOfEqualDistancesAreZero) { EXPECT_THAT(device_costs({2, 2}, {0}, 2, {1, 2, 2}), ElementsAre(0, 0)); }

TEST_P(CostKernels, CostsHaveTheBitsOfTheCpu) {
  for (const auto& [rows, cols] : shapes()) {
    std::vector<float> distance = random_values(rows * cols, 4);
    for (float& value : distance) value = value * value * 1e-4F;  // many costs below 2^-17, which are rounded
    const std::vector<float> penalty(static_cast<std::size_t>(rows), 0.0F);
    const CostScale scale{0.7F, 0, 40};
    std::vector<float> expected = distance;
    cpu::normalise_cost(view(expected, cols), penalty, scale);
    EXPECT_EQ(device_costs(distance, penalty, cols, scale), expected) << rows << " x " << cols;
  }
}

}  // namespace
}  // namespace goracs
