#include "itra/coreset_columns.hpp"

#include <algorithm>

#include "kernels/reduced_cost.hpp"

namespace goracs::itra {
namespace {

/// Columns written while all rows pass, so that the lines written to stay in the cache.
constexpr std::int64_t kColumnsAtOnce = 64;

}  // namespace

void CoresetColumns::assign(std::span<const std::int64_t> coreset, std::span<const float* const> costs, std::int64_t num_valid) {
  const auto slots = static_cast<std::int64_t>(coreset.size());
  if (costs_.rows() != num_valid || costs_.cols() != slots) {
    costs_ = Matrix<float>(num_valid, slots);
    rows_.assign(coreset.size(), -1);
  }
  std::vector<std::int64_t> changed;
  for (std::int64_t slot = 0; slot < slots; ++slot)
    if (rows_[static_cast<std::size_t>(slot)] != coreset[static_cast<std::size_t>(slot)]) changed.push_back(slot);
#pragma omp parallel for schedule(static) if (changed.size() > 1)
  for (std::int64_t begin = 0; begin < num_valid; begin += kColumnsAtOnce)
    for (const std::int64_t slot : changed)
      for (std::int64_t j = begin; j < std::min(begin + kColumnsAtOnce, num_valid); ++j)
        costs_(j, slot) = costs[static_cast<std::size_t>(slot)][j];
  rows_.assign(coreset.begin(), coreset.end());
}

double CoresetColumns::least_without(std::int32_t column, std::int64_t without, std::span<const double> row_dual) const {
  const std::span<const float> cost = costs_.row(column);
  const auto before = static_cast<std::size_t>(without), after = before + 1;
  if (before == 0) return cpu::least_difference(cost.subspan(1), row_dual.subspan(1));
  const double least = cpu::least_difference(cost.first(before), row_dual.first(before));
  return after == cost.size() ? least : std::min(least, cpu::least_difference(cost.subspan(after), row_dual.subspan(after)));
}

}  // namespace goracs::itra
