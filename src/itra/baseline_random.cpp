#include "itra/baseline_random.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "base/philox.hpp"

namespace goracs::itra {

std::vector<std::int64_t> random_coreset(const ClassRows& rows, std::uint64_t seed) {
  const Philox random(seed, "select.random");
  std::vector<std::pair<std::uint64_t, std::int64_t>> numbered;
  for (std::int64_t i = 0; i < rows.num_train(); ++i) {
    const auto block = random.block(static_cast<std::uint64_t>(rows.train[static_cast<std::size_t>(i)]));
    numbered.emplace_back(std::uint64_t{block[0]} << 32 | block[1], i);
  }
  std::ranges::partial_sort(numbered, numbered.begin() + rows.budget);
  std::vector<std::int64_t> coreset;
  for (std::int64_t k = 0; k < rows.budget; ++k) coreset.push_back(numbered[static_cast<std::size_t>(k)].second);
  std::ranges::sort(coreset);
  return coreset;
}

}  // namespace goracs::itra
