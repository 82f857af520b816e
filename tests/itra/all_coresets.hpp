#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "base/matrix.hpp"
#include "lemon_transport.hpp"

namespace goracs::test {

/// A coreset with its score in units of 2^-40 / (n M), by LEMON.
struct Enumerated {
  std::vector<std::int64_t> rows;
  std::int64_t units;
};

inline std::vector<Enumerated> all_coresets(const Matrix<float>& matrix, std::int64_t budget) {
  const std::int64_t cols = matrix.cols(), divisor = std::gcd(budget, cols);
  std::vector<Enumerated> all;
  std::vector<bool> taken(static_cast<std::size_t>(matrix.rows()), false);
  std::fill_n(taken.begin(), budget, true);
  do {
    Enumerated one{{}, 0};
    std::vector<std::int64_t> cost;
    for (std::int64_t i = 0; i < matrix.rows(); ++i) {
      if (!taken[static_cast<std::size_t>(i)]) continue;
      one.rows.push_back(i);
      for (const float c : matrix.row(i)) cost.push_back(std::llrint(std::ldexp(static_cast<double>(c), 40)));
    }
    one.units = divisor * lemon_transport(budget, cols, cols / divisor, budget / divisor, cost);
    all.push_back(std::move(one));
  } while (std::prev_permutation(taken.begin(), taken.end()));
  return all;
}

inline std::int64_t optimum(const std::vector<Enumerated>& all) {
  return std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.units < b.units; })->units;
}

}  // namespace goracs::test
