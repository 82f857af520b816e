// all-MiniLM-L6-v2 at full size, from text to embedding (tests/golden/minilm).
#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "data/tokenizer.hpp"
#include "model/encoder.hpp"
#include "model/token_batch.hpp"
#include "support/golden.hpp"
#include "support/golden_sequences.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;

TEST(GoldenMiniLM, TokensAndEmbeddingsEqualTransformers) {
  const fs::path folder = test::cache_root() / "demo" / "all-minilm-l6-v2";
  ASSERT_TRUE(fs::exists(folder / "model.safetensors")) << folder << " is not there: tools/setup.sh puts it there (not with --no-demo)";
  const at::NoGradGuard no_graph;
  const Encoder encoder = Encoder::load(folder);
  const auto tokenizer = open_tokenizer(folder);
  for (const auto& path : test::golden_files("minilm", ".h5")) {
    const H5File file = H5File::open(path);
    EncodeOptions options;
    options.max_length = static_cast<std::int64_t>(file.number_attribute("max_length"));
    const auto texts = file.read_strings("texts");
    const auto expected = test::golden_sequences(file);
    const auto pooled = file.read<double>("mean_pooled"), max_abs = file.read<double>("max_abs");
    const auto width = static_cast<std::size_t>(file.shape("mean_pooled")[1]);
    const double rounding = file.number_attribute("max_abs_difference_padded_vs_alone");

    std::vector<std::span<const std::int32_t>> sequences;
    for (std::size_t b = 0; b < texts.size(); ++b) {
      ASSERT_EQ(tokenizer->encode(texts[b], options), expected.ids[b]) << texts[b];
      sequences.emplace_back(expected.ids[b]);
    }
    const TokenBatch batch = TokenBatch::padded_right(sequences);
    const at::Tensor together = encoder.mean_pooled(batch.ids, batch.length).to(at::kDouble);
    for (std::size_t b = 0; b < texts.size(); ++b) {
      const at::Tensor row = at::tensor(at::ArrayRef<double>(pooled.data() + b * width, width), at::kDouble);
      const double difference = (together[static_cast<std::int64_t>(b)] - row).abs().max().item<double>();
      EXPECT_LE(difference, 1e-5 * max_abs[b] + rounding) << texts[b];
    }
  }
}

}  // namespace
}  // namespace goracs
