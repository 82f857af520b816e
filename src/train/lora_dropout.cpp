#include "train/lora_dropout.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/philox.hpp"

namespace goracs {
namespace {

/// mask[k] = 0 with probability threshold / 2^16, else `kept`; number k is half-word k mod 8 of block k / 8.
void draw(const Philox& random, std::uint32_t threshold, float kept, std::int64_t count, float* mask) {
  constexpr std::int64_t kPerBlock = 8;
  constexpr std::uint32_t kHalf = 0xFFFF;
  for (std::int64_t begin = 0; begin < count; begin += kPerBlock) {
    const auto words = random.block(static_cast<std::uint64_t>(begin / kPerBlock));
    for (std::int64_t k = 0; k < std::min(kPerBlock, count - begin); ++k) {
      const std::uint32_t word = words[static_cast<std::size_t>(k / 2)];
      mask[begin + k] = ((k % 2 == 0 ? word : word >> 16) & kHalf) < threshold ? 0.0F : kept;
    }
  }
}

}  // namespace

LoraDropout keyed_dropout(double p, std::uint64_t seed, std::vector<std::string> names, const TokenBatch& batch) {
  if (p <= 0) return {};
  const auto threshold = static_cast<std::uint32_t>(std::lround(p * 0x1p16));
  const auto kept = static_cast<float>(1.0 / (1.0 - p));
  return [=, names = std::move(names), first = batch.first](const at::Tensor& x, std::int64_t layer, std::string_view module) {
    at::Tensor mask = at::ones(x.sizes(), at::kFloat);  // on the host; padding stays as it is: its rows mean nothing
    auto* values = mask.mutable_data_ptr<float>();
    const std::int64_t columns = x.size(1), width = x.size(2);
    at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        const auto k = static_cast<std::size_t>(b);
        const Philox random(seed, fmt::format("dropout {} layer {} {}", names[k], layer, module));
        const std::int64_t skipped = columns == 1 ? 0 : first[k];  // Llama::layer_at asks for one token of each sequence
        draw(random, threshold, kept, (columns - skipped) * width, values + (b * columns + skipped) * width);
      }
    });
    return x * mask.to(x.options());
  };
}

}  // namespace goracs
