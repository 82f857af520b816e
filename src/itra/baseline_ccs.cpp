#include "itra/baseline_ccs.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "itra/baseline_random.hpp"

namespace goracs::itra {
namespace {

constexpr std::int64_t kStrata = 50;
/// One row of so many is too hard: the paper's beta, which it tunes between 0 and 0.9; small, as our budgets leave no room to tune it.
constexpr std::int64_t kHardestOf = 10;

/// Rows within the class by norm, the lowest first, without the hardest.
std::vector<std::int64_t> rows_by_norm(const ClassRows& rows, std::span<const double> norm) {
  std::vector<std::int64_t> order(rows.train.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(
      order, [&](std::int64_t a, std::int64_t b) { return norm[static_cast<std::size_t>(a)] < norm[static_cast<std::size_t>(b)]; });
  order.resize(static_cast<std::size_t>(std::max(rows.budget, rows.num_train() - rows.num_train() / kHardestOf)));
  return order;
}

/// Strata of equal width in norm, empty ones left out, the smallest first, then the one of lower norms.
std::vector<std::vector<std::int64_t>> strata_of(const std::vector<std::int64_t>& order, std::span<const double> norm) {
  const double lowest = norm[static_cast<std::size_t>(order.front())], highest = norm[static_cast<std::size_t>(order.back())];
  std::vector<std::vector<std::int64_t>> strata(kStrata);
  for (const std::int64_t i : order) {
    const double place = highest > lowest ? (norm[static_cast<std::size_t>(i)] - lowest) / (highest - lowest) : 0;
    strata[static_cast<std::size_t>(std::min(kStrata - 1, static_cast<std::int64_t>(place * kStrata)))].push_back(i);
  }
  std::erase_if(strata, [](const auto& stratum) { return stratum.empty(); });
  std::ranges::stable_sort(strata, {}, [](const auto& stratum) { return stratum.size(); });
  return strata;
}

}  // namespace

std::vector<std::int64_t> ccs_coreset(const ClassRows& rows, std::span<const double> gradient_norm, std::uint64_t seed) {
  std::vector<double> norm;
  for (const std::int64_t i : rows.train) norm.push_back(gradient_norm[static_cast<std::size_t>(i)]);
  const auto strata = strata_of(rows_by_norm(rows, norm), norm);

  std::vector<std::int64_t> coreset;
  for (std::size_t k = 0; k < strata.size(); ++k) {
    const std::int64_t left = rows.budget - static_cast<std::int64_t>(coreset.size());
    const std::int64_t share = left / static_cast<std::int64_t>(strata.size() - k);
    const auto some = drawn(rows, strata[k], std::min(share, static_cast<std::int64_t>(strata[k].size())), seed, "select.ccs");
    coreset.insert(coreset.end(), some.begin(), some.end());
  }
  std::ranges::sort(coreset);
  return coreset;
}

}  // namespace goracs::itra
