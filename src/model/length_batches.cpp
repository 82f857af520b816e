#include "model/length_batches.hpp"

#include <algorithm>
#include <numeric>

namespace goracs {

std::vector<std::vector<std::int64_t>> length_batches(std::span<const std::int64_t> lengths, std::int64_t batch_tokens) {
  const auto length_of = [&](std::int64_t i) { return lengths[static_cast<std::size_t>(i)]; };
  std::vector<std::int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return length_of(a) > length_of(b); });
  std::vector<std::vector<std::int64_t>> batches;
  std::int64_t columns = 0;  // of the last batch: its first sequence is its longest
  for (const std::int64_t i : order) {
    if (batches.empty() || (static_cast<std::int64_t>(batches.back().size()) + 1) * columns > batch_tokens) {
      batches.emplace_back();
      columns = length_of(i);
    }
    batches.back().push_back(i);
  }
  return batches;
}

}  // namespace goracs
