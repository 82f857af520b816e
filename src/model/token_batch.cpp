#include "model/token_batch.hpp"

#include <ATen/Functions.h>

#include <algorithm>

namespace goracs {
namespace {

using Sequences = std::span<const std::span<const std::int32_t>>;

TokenBatch filled(Sequences sequences, std::int64_t columns, std::int32_t pad, bool on_the_left) {
  TokenBatch batch;
  batch.ids = at::full({static_cast<std::int64_t>(sequences.size()), columns}, pad, at::kLong);
  auto* row = batch.ids.mutable_data_ptr<std::int64_t>();
  for (const auto& sequence : sequences) {
    const auto length = static_cast<std::int64_t>(sequence.size());
    const std::int64_t first = on_the_left ? columns - length : 0;
    std::copy(sequence.begin(), sequence.end(), row + first);
    batch.first.push_back(first);
    batch.length.push_back(length);
    row += columns;
  }
  return batch;
}

std::int64_t longest(Sequences sequences) {
  std::size_t length = 0;
  for (const auto& sequence : sequences) length = std::max(length, sequence.size());
  return static_cast<std::int64_t>(length);
}

}  // namespace

at::Tensor TokenBatch::mask() const {
  at::Tensor mask = at::zeros(ids.sizes(), at::kBool);
  for (std::int64_t b = 0; b < size(); ++b) {
    const auto k = static_cast<std::size_t>(b);
    mask[b].narrow(0, first[k], length[k]).fill_(true);
  }
  return mask;
}

TokenBatch TokenBatch::padded_right(Sequences sequences) { return filled(sequences, longest(sequences), 0, false); }

TokenBatch TokenBatch::padded_left(Sequences sequences, std::int32_t pad, std::int64_t multiple) {
  return filled(sequences, (longest(sequences) + multiple - 1) / multiple * multiple, pad, true);
}

}  // namespace goracs
