// The kernels beside LibTorch: means to the bit, losses and norms within the error of their float32 sums.
#include <gmock/gmock.h>

#include <cmath>
#include <device_under_test.hpp>
#include <random>
#include <vector>

#include "kernels/device_memory.hpp"
#include "kernels/low_rank_norm.hpp"
#include "kernels/masked_mean.hpp"
#include "kernels/token_cross_entropy.hpp"

namespace goracs {
namespace {

using cuda::DeviceArray;
using testing::DoubleEq;
using testing::ElementsAre;

constexpr double kHalfUlp = 0x1p-24;

std::vector<float> random_values(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

std::vector<double> device_norms(const std::vector<float>& u, const std::vector<float>& z, LowRankFactors factors) {
  const DeviceArray<float> du{std::span<const float>(u)}, dz{std::span<const float>(z)};
  factors.u = du.data();
  factors.z = dz.data();
  DeviceArray<double> norm(factors.samples);
  cuda::low_rank_norm(factors, norm.span());
  return norm.to_host();
}

std::vector<float> device_means(const std::vector<float>& hidden, const std::vector<std::uint8_t>& mask, MaskedStates states) {
  const DeviceArray<float> dh{std::span<const float>(hidden)};
  const DeviceArray<std::uint8_t> dm{std::span<const std::uint8_t>(mask)};
  states.hidden = dh.data();
  states.mask = dm.data();
  DeviceArray<float> mean(states.samples * states.dimension);
  cuda::masked_mean(states, mean.span());
  return mean.to_host();
}

std::vector<float> device_losses(const std::vector<float>& logits, const std::vector<std::int32_t>& label) {
  const DeviceArray<float> dl{std::span<const float>(logits)};
  const DeviceArray<std::int32_t> dt{std::span<const std::int32_t>(label)};
  DeviceArray<float> loss(dt.size());
  cuda::token_cross_entropy(dl.view(dt.size(), dl.size() / dt.size()), dt.span(), loss.span());
  return loss.to_host();
}

class ModelKernels : public test::DeviceUnderTest {};
INSTANTIATE_TEST_SUITE_P(Schedules, ModelKernels, testing::ValuesIn(ModelKernels::schedules()));

TEST_P(ModelKernels, NormsOfTwoTokensByHand) {
  // sum_t u_t z_t = (1, 2) * 1 + (0, 1) * 2 = (1, 4); and (3, 0) * 1 + nothing
  EXPECT_THAT(device_norms({1, 2, 0, 1, 3, 0, 0, 0}, {1, 2, 1, 5}, {nullptr, nullptr, 2, 2, 2, 1}),
              ElementsAre(DoubleEq(std::sqrt(17.0)), DoubleEq(3)));
}

TEST_P(ModelKernels, NormsOfOddSizesAgreeWithTheCpu) {
  struct Size {
    std::int64_t samples, tokens, out, rank;
  };
  const std::vector<Size> sizes = few_threads() ? std::vector<Size>{{2, 33, 31, 3}}
                                                : std::vector<Size>{{1, 1, 1, 1}, {2, 31, 129, 8}, {3, 33, 33, 9}, {1, 70, 300, 16}};
  for (const auto& [samples, tokens, out, rank] : sizes) {
    const std::vector<float> u = random_values(samples * tokens * out, 1), z = random_values(samples * tokens * rank, 2);
    std::vector<float> size_u = u, size_z = z;
    for (float& value : size_u) value = std::abs(value);
    for (float& value : size_z) value = std::abs(value);
    LowRankFactors factors{u.data(), z.data(), samples, tokens, out, rank};
    std::vector<double> expected(static_cast<std::size_t>(samples)), largest(expected.size());
    cpu::low_rank_norm(factors, expected);
    cpu::low_rank_norm({size_u.data(), size_z.data(), samples, tokens, out, rank}, largest);
    const std::vector<double> got = device_norms(u, z, factors);
    for (std::size_t b = 0; b < got.size(); ++b)
      EXPECT_NEAR(got[b], expected[b], 4 * static_cast<double>(tokens + 1) * kHalfUlp * largest[b]) << tokens << " x " << out;
  }
}

TEST_P(ModelKernels, MeansTakeOnlyWhatTheMaskLeaves) {
  EXPECT_THAT(device_means({1, 2, 3, 4, 5, 6, 7, 8}, {1, 1, 0, 0}, {nullptr, nullptr, 2, 2, 2}), ElementsAre(2, 3, 0, 0));
}

TEST_P(ModelKernels, MeansHaveTheBitsOfTheCpu) {
  for (const auto& [tokens, dimension] : shapes()) {
    const std::int64_t samples = few_threads() ? 2 : 3;
    const std::vector<float> hidden = random_values(samples * tokens * dimension, 3);
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(samples * tokens));
    for (std::size_t t = 0; t < mask.size(); ++t) mask[t] = t % 7 < 4 ? 1 : 0;
    const MaskedStates states{hidden.data(), mask.data(), samples, tokens, dimension};
    std::vector<float> expected(static_cast<std::size_t>(samples * dimension));
    cpu::masked_mean(states, expected);
    EXPECT_EQ(device_means(hidden, mask, states), expected) << tokens << " x " << dimension;
  }
}

TEST_P(ModelKernels, LossesOfEvenOddsAreLogarithmsOfTheirNumber) {
  const std::vector<float> loss = device_losses({5, 5, 5, 5, -3, -3, -3, -3}, {2, kNoLabel});
  EXPECT_FLOAT_EQ(loss[0], std::log(4.0F));
  EXPECT_EQ(loss[1], 0);
}

TEST_P(ModelKernels, LossesOfLargeLogitsDoNotOverflow) {
  const std::vector<float> loss = device_losses({1000, 0, -1000, 1000}, {0, 0});
  EXPECT_EQ(loss[0], 0);
  EXPECT_EQ(loss[1], 2000);
}

TEST_P(ModelKernels, LossesAgreeWithTheCpu) {
  for (const auto& [rows, vocabulary] : shapes()) {
    const std::vector<float> logits = random_values(rows * vocabulary, 4);
    std::vector<std::int32_t> label(static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < label.size(); ++i)
      label[i] = i % 5 == 3 ? kNoLabel : static_cast<std::int32_t>(i * 31 % static_cast<std::size_t>(vocabulary));
    std::vector<float> expected(label.size());
    cpu::token_cross_entropy({logits.data(), rows, vocabulary}, label, expected);
    const std::vector<float> got = device_losses(logits, label);
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(got[i], expected[i],
                  (static_cast<double>(vocabulary) / 128 + 16) * kHalfUlp + 2 * kHalfUlp * static_cast<double>(expected[i]))
          << rows << " x " << vocabulary << ", row " << i;
  }
}

}  // namespace
}  // namespace goracs
