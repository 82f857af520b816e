// Masks of LoRA dropout: both twins have the numbers that the contract says.
#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <device_under_test.hpp>
#include <vector>

#include "base/philox.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/dropout_mask.hpp"

namespace goracs {
namespace {

using cuda::DeviceArray;
using testing::Each;

struct Batch {
  std::vector<std::uint64_t> key;
  std::vector<std::int64_t> skipped;
  std::int64_t columns, width;
  std::uint32_t threshold = 0x6000;
  float kept = 1.6F;

  DropoutDraw draw(const std::uint64_t* keys, const std::int64_t* left_as_they_are) const {
    return {keys, left_as_they_are, static_cast<std::int64_t>(key.size()), columns, width, threshold, kept};
  }
  std::size_t size() const { return key.size() * static_cast<std::size_t>(columns * width); }
};

std::vector<float> cpu_mask(const Batch& batch) {
  std::vector<float> mask(batch.size(), -1);
  cpu::dropout_mask(batch.draw(batch.key.data(), batch.skipped.data()), mask);
  return mask;
}

std::vector<float> device_mask(const Batch& batch) {
  const DeviceArray<std::uint64_t> key{std::span<const std::uint64_t>(batch.key)};
  const DeviceArray<std::int64_t> skipped{std::span<const std::int64_t>(batch.skipped)};
  DeviceArray<float> mask(static_cast<std::int64_t>(batch.size()));
  cuda::dropout_mask(batch.draw(key.data(), skipped.data()), mask.span());
  return mask.to_host();
}

/// One number after the other, as the contract has them.
std::vector<float> expected_mask(const Batch& batch) {
  std::vector<float> mask;
  for (std::size_t b = 0; b < batch.key.size(); ++b) {
    mask.insert(mask.end(), static_cast<std::size_t>(batch.skipped[b] * batch.width), 1.0F);
    for (std::uint64_t k = 0; k < static_cast<std::uint64_t>((batch.columns - batch.skipped[b]) * batch.width); ++k) {
      const auto words = Philox(batch.key[b]).block(k / 8);
      std::array<std::uint16_t, 8> halves{};  // of a machine whose lower half comes first
      std::memcpy(halves.data(), words.data(), sizeof words);
      mask.push_back(halves[k % 8] < batch.threshold ? 0.0F : batch.kept);
    }
  }
  return mask;
}

class DropoutMask : public test::DeviceUnderTest {};
INSTANTIATE_TEST_SUITE_P(Schedules, DropoutMask, testing::ValuesIn(DropoutMask::schedules()));

TEST_P(DropoutMask, HasTheNumbersOfItsKeysOnDeviceAndCpu) {
  // numbers of a sequence no multiple of eight, so that blocks cross columns and end early; none, some and all columns skipped
  std::vector<Batch> batches{{{7}, {0}, 1, 1}, {{7}, {1}, 1, 3}, {{1, ~std::uint64_t{0}, 3}, {0, 2, 5}, 5, 13}, {{2, 9}, {7, 1}, 8, 33}};
  if (!few_threads()) {
    batches.push_back({{1, 2}, {0, 17}, 40, 129});
    batches.push_back({{5}, {0}, 9, 1024});
    batches.push_back({{5}, {3}, 300, 129});  // several pieces of the CPU's threads
  }
  for (const Batch& batch : batches) {
    const std::vector<float> expected = expected_mask(batch);
    EXPECT_EQ(cpu_mask(batch), expected) << batch.columns << " x " << batch.width;
    EXPECT_EQ(device_mask(batch), expected) << batch.columns << " x " << batch.width;
  }
}

TEST_P(DropoutMask, DropsNothingBelowZeroAndAllBelowTheLargest) {
  EXPECT_THAT(device_mask({{4}, {0}, 3, 7, 0, 1}), Each(1));
  EXPECT_THAT(device_mask({{4}, {0}, 3, 7, 1 << 16, 2}), Each(0));
}

TEST_P(DropoutMask, OfNoSequencesIsNothing) { EXPECT_TRUE(device_mask({{}, {}, 3, 7}).empty()); }

}  // namespace
}  // namespace goracs
