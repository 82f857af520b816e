#include "train/lora_dropout.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/philox.hpp"
#include "model/device_kernels.hpp"

namespace goracs {

LoraDropout keyed_dropout(double p, std::uint64_t seed, std::vector<std::string> names, const TokenBatch& batch) {
  if (p <= 0) return {};
  const auto threshold = static_cast<std::uint32_t>(std::lround(p * 0x1p16));
  const auto kept = static_cast<float>(1.0 / (1.0 - p));
  return [=, names = std::move(names), first = batch.first](const at::Tensor& x, std::int64_t layer, std::string_view module) {
    const std::int64_t columns = x.size(1), width = x.size(2);
    std::vector<std::uint64_t> key;
    for (const std::string& name : names) key.push_back(Philox(seed, fmt::format("dropout {} layer {} {}", name, layer, module)).key());
    // padding stays as it is: its rows mean nothing; Llama::layer_at asks for one token of each sequence
    const std::vector<std::int64_t> skipped = columns == 1 ? std::vector<std::int64_t>(first.size(), 0) : first;
    const at::Tensor mask = dropout_mask({key.data(), skipped.data(), x.size(0), columns, width, threshold, kept}, x.device());
    return x * mask.to(x.options());
  };
}

}  // namespace goracs
