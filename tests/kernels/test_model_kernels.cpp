// The kernels beside LibTorch: means to the bit, losses within the error of their float32 sums.
#include <gmock/gmock.h>

#include <cmath>
#include <device_under_test.hpp>
#include <vector>

#include "kernels/device_memory.hpp"
#include "kernels/masked_mean.hpp"
#include "kernels/random_values.hpp"
#include "kernels/token_cross_entropy.hpp"

namespace goracs {
namespace {

using cuda::DeviceArray;
using test::random_values;
using testing::ElementsAre;

constexpr double kHalfUlp = 0x1p-24;

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
