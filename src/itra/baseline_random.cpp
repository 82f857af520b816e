#include "itra/baseline_random.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "base/philox.hpp"

namespace goracs::itra {

std::vector<std::int64_t> random_coreset(const ClassRows& rows, std::uint64_t seed) {
  std::vector<std::int64_t> all(rows.train.size());
  std::iota(all.begin(), all.end(), 0);
  return drawn(rows, all, rows.budget, seed, "select.random");
}

std::vector<std::int64_t> drawn(const ClassRows& rows, const std::vector<std::int64_t>& candidates, std::int64_t count, std::uint64_t seed,
                                std::string_view stream) {
  const Philox random(seed, stream);
  std::vector<std::pair<std::uint64_t, std::int64_t>> numbered;
  for (const std::int64_t i : candidates) {
    const auto block = random.block(static_cast<std::uint64_t>(rows.train[static_cast<std::size_t>(i)]));
    numbered.emplace_back(std::uint64_t{block[0]} << 32 | block[1], i);
  }
  std::ranges::partial_sort(numbered, numbered.begin() + count);
  std::vector<std::int64_t> chosen;
  for (std::int64_t k = 0; k < count; ++k) chosen.push_back(numbered[static_cast<std::size_t>(k)].second);
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace goracs::itra
