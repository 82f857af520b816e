#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.hpp"

namespace goracs {

// sum[i] = sum_j cost[i, j]                                                                     greedy's first row, SPEC 6
//   cost  (rows, cols) float32 in [0, 1], multiples of 2^-40, cols < 2^23
//   sum   (rows) in units of 2^-40, exact
// Reads 4 rows cols bytes once: memory bound.

namespace cpu {
void row_sum(MatrixView<const float> cost, std::span<std::int64_t> sum);
}  // namespace cpu

namespace cuda {
void row_sum(MatrixView<const float> cost, std::span<std::int64_t> sum);
}  // namespace cuda

}  // namespace goracs
