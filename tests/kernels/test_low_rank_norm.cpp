// Norms of LoRA gradients, within the error of float32 sums in any order.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <device_under_test.hpp>
#include <vector>

#include "kernels/device_memory.hpp"
#include "kernels/low_rank_norm.hpp"
#include "kernels/random_values.hpp"

namespace goracs {
namespace {

using cuda::DeviceArray;
using test::random_values;
using testing::DoubleEq;
using testing::ElementsAre;

std::vector<double> device_norms(const std::vector<float>& u, const std::vector<float>& z, LowRankFactors factors,
                                 std::int64_t matrix_bytes = 1 << 20) {
  const DeviceArray<float> du{std::span<const float>(u)}, dz{std::span<const float>(z)};
  factors.u = du.data();
  factors.z = dz.data();
  DeviceArray<double> norm(factors.samples);
  cuda::low_rank_norm(factors, norm.span(), matrix_bytes);
  return norm.to_host();
}

class LowRankNorm : public test::DeviceUnderTest {};
INSTANTIATE_TEST_SUITE_P(Schedules, LowRankNorm, testing::ValuesIn(LowRankNorm::schedules()));

TEST_P(LowRankNorm, OfTwoTokensByHand) {
  // sum_t u_t z_t = (1, 2) * 1 + (0, 1) * 2 = (1, 4); and (3, 0) * 1 + nothing
  EXPECT_THAT(device_norms({1, 2, 0, 1, 3, 0, 0, 0}, {1, 2, 1, 5}, {nullptr, nullptr, 2, 2, 2, 1}),
              ElementsAre(DoubleEq(std::sqrt(17.0)), DoubleEq(3)));
}

TEST_P(LowRankNorm, KeepsOutAndRankApart) {
  // u_1 z_1^T + u_2 z_2^T = ((2, 3, 0), (0, 0, 5)): a z taken by columns would give another
  EXPECT_THAT(device_norms({1, 0, 0, 1}, {2, 3, 0, 0, 0, 5}, {nullptr, nullptr, 1, 2, 2, 3}), ElementsAre(DoubleEq(std::sqrt(38.0))));
}

TEST_P(LowRankNorm, OfNoSamplesIsNothing) { EXPECT_TRUE(device_norms({}, {}, {nullptr, nullptr, 0, 3, 2, 1}).empty()); }

TEST_P(LowRankNorm, OfOddSizesAgreesWithTheCpu) {
  struct Size {
    std::int64_t samples, tokens, out, rank, at_once;  // samples whose matrices fit
  };
  const std::vector<Size> sizes = few_threads()
                                      ? std::vector<Size>{{3, 33, 31, 3, 2}, {1, 1, 130, 8, 1}}
                                      : std::vector<Size>{{1, 1, 1, 1, 9},   {2, 31, 129, 8, 1},  {3, 33, 33, 9, 2}, {1, 70, 300, 16, 0},
                                                          {5, 32, 31, 1, 3}, {33, 1, 32, 16, 32}, {4, 2, 1, 8, 4}};
  for (const auto& [samples, tokens, out, rank, at_once] : sizes) {
    const std::vector<float> u = random_values(samples * tokens * out, 1), z = random_values(samples * tokens * rank, 2);
    std::vector<float> size_u = u, size_z = z;
    for (float& value : size_u) value = std::abs(value);
    for (float& value : size_z) value = std::abs(value);
    const LowRankFactors factors{u.data(), z.data(), samples, tokens, out, rank};
    std::vector<double> expected(static_cast<std::size_t>(samples)), largest(expected.size());
    cpu::low_rank_norm(factors, expected);
    cpu::low_rank_norm({size_u.data(), size_z.data(), samples, tokens, out, rank}, largest);
    const std::vector<double> got = device_norms(u, z, factors, at_once * out * rank * 4);
    for (std::size_t b = 0; b < got.size(); ++b)
      EXPECT_NEAR(got[b], expected[b], 4 * static_cast<double>(tokens + 1) * 0x1p-24 * largest[b]) << tokens << " x " << out << ", " << b;
  }
}

}  // namespace
}  // namespace goracs
