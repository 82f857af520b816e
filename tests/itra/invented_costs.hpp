#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "base/matrix.hpp"
#include "base/philox.hpp"

namespace goracs::test {

enum class CostKind {
  kUniform,     ///< 24 random bits, small ones rounded to multiples of 2^-40
  kTies,        ///< multiples of 1/64
  kDuplicates,  ///< multiples of 1/64, every third row equal to the one before
  kPoints       ///< distances of points on a line, scaled to [0, 1]
};
inline constexpr CostKind kCostKinds[] = {CostKind::kUniform, CostKind::kTies, CostKind::kDuplicates, CostKind::kPoints};

/// Costs in [0, 1], multiples of 2^-40.
inline Matrix<float> invented_costs(std::int64_t rows, std::int64_t cols, CostKind kind, std::uint64_t seed) {
  const Philox random(seed, "costs");
  Matrix<float> cost(rows, cols);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j) {
      const auto k = static_cast<std::uint64_t>(i * cols + j);
      float value = random.uniform(k);
      if (kind == CostKind::kTies || kind == CostKind::kDuplicates) value = std::floor(value * 64) / 64;
      if (kind == CostKind::kPoints) {
        const float x = random.uniform(static_cast<std::uint64_t>(i), 1), y = random.uniform(static_cast<std::uint64_t>(j), 2);
        value = std::floor(std::abs(x - y) * 4096) / 4096;
      }
      cost(i, j) = value;
      if (kind == CostKind::kDuplicates && i % 3 == 2) cost(i, j) = cost(i - 1, j);
    }
  return cost;
}

inline std::vector<const float*> row_pointers(const Matrix<float>& cost, std::int64_t first, std::int64_t count) {
  std::vector<const float*> rows;
  for (std::int64_t i = first; i < first + count; ++i) rows.push_back(cost.row(i).data());
  return rows;
}

}  // namespace goracs::test
