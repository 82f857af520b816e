#include "itra/baseline_grad_norm.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace goracs::itra {

std::vector<std::int64_t> grad_norm_coreset(const ClassRows& rows, std::span<const double> gradient_norm) {
  const auto norm = [&](std::int64_t i) { return gradient_norm[static_cast<std::size_t>(rows.train[static_cast<std::size_t>(i)])]; };
  std::vector<std::int64_t> coreset(rows.train.size());
  std::iota(coreset.begin(), coreset.end(), 0);
  std::ranges::stable_sort(coreset, [&](std::int64_t a, std::int64_t b) { return norm(a) > norm(b); });
  coreset.resize(static_cast<std::size_t>(rows.budget));
  std::ranges::sort(coreset);
  return coreset;
}

}  // namespace goracs::itra
