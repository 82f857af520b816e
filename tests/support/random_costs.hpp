#pragma once

#include <cmath>
#include <cstdint>
#include <random>

#include "base/matrix.hpp"
#include "itra/cost_rows.hpp"

namespace goracs::test {

/// A cost matrix (rows, cols) of multiples of 2^-40 in [0, 1]; with `steps` > 0 of multiples of 1 / steps, so that ties abound, and every
/// third row equal to the one before it.
inline Matrix<float> random_costs(std::int64_t rows, std::int64_t cols, unsigned seed, int steps = 0) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(0, 1);
  Matrix<float> cost(rows, cols);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j) {
      const float value = uniform(random);
      cost(i, j) = steps > 0 ? std::floor(value * static_cast<float>(steps)) / static_cast<float>(steps)
                             : std::ldexp(std::rint(std::ldexp(value, 24)), -24);
      if (steps > 0 && i % 3 == 2) cost(i, j) = cost(i - 1, j);
    }
  return cost;
}

/// What one rank of `ranks` holds of a whole matrix.
inline itra::CostRows rows_of_rank(const Matrix<float>& cost, int rank = 0, int ranks = 1) {
  const RowBlock block = RowBlock::of(cost.rows(), rank, ranks);
  return {cost.view().rows_from(block.begin, block.size()), block, cost.rows()};
}

}  // namespace goracs::test
