#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/lora_dropout.hpp"

namespace goracs {
namespace {

TokenBatch batch_of(const std::vector<std::vector<std::int32_t>>& sequences, bool left = false) {
  const std::vector<std::span<const std::int32_t>> spans(sequences.begin(), sequences.end());
  return left ? TokenBatch::padded_left(spans, 0, 8) : TokenBatch::padded_right(spans);
}

TEST(LoraDropout, DropsTheGivenShareAndKeepsTheMean) {
  const TokenBatch batch = batch_of({std::vector<std::int32_t>(500, 1)});
  const at::Tensor y = keyed_dropout(0.25, 1, {"a"}, batch)(at::ones({1, 500, 64}), 0, "q_proj");
  const double count = 500 * 64, dropped = (y == 0).sum().item<double>(), deviation = std::sqrt(count * 0.25 * 0.75);
  EXPECT_NEAR(dropped, count * 0.25, 5 * deviation);
  EXPECT_TRUE(((y == 0) | (y == at::tensor(1.0F / 0.75F))).all().item<bool>());
}

TEST(LoraDropout, DependsOnSeedNameLayerAndModule) {
  const TokenBatch batch = batch_of({std::vector<std::int32_t>(9, 1)});
  const at::Tensor x = at::ones({1, 9, 33});
  const at::Tensor y = keyed_dropout(0.5, 1, {"a"}, batch)(x, 0, "q_proj");
  EXPECT_TRUE(at::equal(y, keyed_dropout(0.5, 1, {"a"}, batch)(x, 0, "q_proj")));
  EXPECT_FALSE(at::equal(y, keyed_dropout(0.5, 2, {"a"}, batch)(x, 0, "q_proj")));
  EXPECT_FALSE(at::equal(y, keyed_dropout(0.5, 1, {"b"}, batch)(x, 0, "q_proj")));
  EXPECT_FALSE(at::equal(y, keyed_dropout(0.5, 1, {"a"}, batch)(x, 1, "q_proj")));
  EXPECT_FALSE(at::equal(y, keyed_dropout(0.5, 1, {"a"}, batch)(x, 0, "v_proj")));
}

TEST(LoraDropout, IsTheSameForASequenceWhateverTheBatchAndPadding) {
  const std::vector<std::int32_t> two(2, 1), five(5, 1);
  const at::Tensor alone = keyed_dropout(0.5, 7, {"five"}, batch_of({five}))(at::ones({1, 5, 17}), 3, "v_proj")[0];
  const TokenBatch right = batch_of({two, five});
  const at::Tensor beside = keyed_dropout(0.5, 7, {"two", "five"}, right)(at::ones({2, 5, 17}), 3, "v_proj")[1];
  EXPECT_TRUE(at::equal(alone, beside));
  const TokenBatch left = batch_of({two, five}, true);
  const at::Tensor behind = keyed_dropout(0.5, 7, {"two", "five"}, left)(at::ones({2, 8, 17}), 3, "v_proj")[1].narrow(0, 3, 5);
  EXPECT_TRUE(at::equal(alone, behind));
}

TEST(LoraDropout, IsNoFunctionForNoDropout) { EXPECT_FALSE(keyed_dropout(0, 1, {"a"}, batch_of({{1}}))); }

}  // namespace
}  // namespace goracs
