// What must hold for an encoder whatever its numbers are, and the batches its inputs come in.
#include "model/encoder.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/philox.hpp"
#include "model/length_batches.hpp"
#include "model/token_batch.hpp"
#include "support/expect_error.hpp"
#include "support/golden.hpp"

namespace goracs {
namespace {

const std::filesystem::path kEncoders = test::source_root() / "tests" / "golden" / "models";

std::vector<std::int32_t> invented(std::int64_t length, std::int64_t stream) {
  const Philox random(5, "encoder");
  std::vector<std::int32_t> ids;
  for (std::int64_t t = 0; t < length; ++t)
    ids.push_back(static_cast<std::int32_t>(5 + random.block(static_cast<std::uint64_t>(t), static_cast<std::uint64_t>(stream))[0] % 900));
  return ids;
}

class EachEncoder : public testing::TestWithParam<const char*> {};

TEST_P(EachEncoder, PaddingChangesNoEmbedding) {
  const at::NoGradGuard no_graph;
  const Encoder encoder = Encoder::load(kEncoders / GetParam());
  std::vector<std::vector<std::int32_t>> all;
  for (const std::int64_t length : {1, 31, 32, 33, 7}) all.push_back(invented(length, static_cast<std::int64_t>(all.size())));
  const std::vector<std::span<const std::int32_t>> sequences(all.begin(), all.end());
  const TokenBatch batch = TokenBatch::padded_right(sequences);
  const at::Tensor together = encoder.mean_pooled(batch.ids, batch.length);
  ASSERT_EQ(together.sizes(), at::IntArrayRef({5, encoder.config().hidden_size}));
  for (std::size_t b = 0; b < all.size(); ++b) {
    const TokenBatch one = TokenBatch::padded_right(std::span(sequences).subspan(b, 1));
    const at::Tensor alone = encoder.mean_pooled(one.ids, one.length)[0];
    EXPECT_LE((together[static_cast<std::int64_t>(b)] - alone).abs().max().item<double>(), 1e-5 * alone.abs().max().item<double>()) << b;
    EXPECT_LE((encoder.hidden_states(one.ids, one.length)[0].mean(0) - alone).abs().max().item<double>(), 1e-6);
  }
}

TEST_P(EachEncoder, TheSameBatchGivesTheSameBits) {
  const at::NoGradGuard no_graph;
  const Encoder encoder = Encoder::load(kEncoders / GetParam());
  const auto ids = invented(29, 0), more = invented(12, 1);
  const std::span<const std::int32_t> sequences[] = {ids, more};
  const TokenBatch batch = TokenBatch::padded_right(sequences);
  EXPECT_TRUE(at::equal(encoder.mean_pooled(batch.ids, batch.length), encoder.mean_pooled(batch.ids, batch.length)));
}

TEST_P(EachEncoder, MoreTokensThanPositionsAreBadInput) {
  const Encoder encoder = Encoder::load(kEncoders / GetParam());
  const std::int64_t longest = encoder.config().max_length();
  const auto ids = invented(longest + 1, 0);
  const std::span<const std::int32_t> fits[] = {std::span(ids).first(static_cast<std::size_t>(longest))}, too_long[] = {ids};
  const TokenBatch good = TokenBatch::padded_right(fits), bad = TokenBatch::padded_right(too_long);
  EXPECT_NO_THROW(encoder.mean_pooled(good.ids, good.length));
  test::expect_error(ExitCode::kInput, {std::to_string(longest + 1), std::to_string(longest)},
                     [&] { encoder.mean_pooled(bad.ids, bad.length); });
}

INSTANTIATE_TEST_SUITE_P(Families, EachEncoder, testing::Values("bert", "bert_old_names", "roberta"));

TEST(LengthBatches, LongestFirstWithinTheBudgetPaddingIncluded) {
  const std::int64_t lengths[] = {3, 9, 4, 9};
  EXPECT_EQ(length_batches(lengths, 18), (std::vector<std::vector<std::int64_t>>{{1, 3}, {2, 0}}));
  EXPECT_EQ(length_batches(lengths, 17), (std::vector<std::vector<std::int64_t>>{{1}, {3}, {2, 0}}));
  EXPECT_EQ(length_batches(lengths, 1), (std::vector<std::vector<std::int64_t>>{{1}, {3}, {2}, {0}}));  // one at least
  EXPECT_TRUE(length_batches({}, 10).empty());
}

TEST(LengthBatches, EachSequenceIsInOneBatch) {
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < 1000; ++i) lengths.push_back(1 + (i * 7919) % 97);
  std::vector<std::int64_t> seen;
  for (const auto& batch : length_batches(lengths, 300)) {
    EXPECT_LE(static_cast<std::int64_t>(batch.size()) * lengths[static_cast<std::size_t>(batch.front())], 300);
    seen.insert(seen.end(), batch.begin(), batch.end());
  }
  std::sort(seen.begin(), seen.end());
  std::vector<std::int64_t> every(lengths.size());
  std::iota(every.begin(), every.end(), std::int64_t{0});
  EXPECT_EQ(seen, every);
}

}  // namespace
}  // namespace goracs
