#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.hpp"

namespace goracs {

// gain[i] = sum_j max(column_minimum[j] - cost[i, j], 0)                                               greedy step, SPEC 6
//   cost            (rows, cols) float32 in [0, 1], multiples of 2^-40, cols < 2^23
//   column_minimum  (cols) float32, likewise
//   gain            (rows) in units of 2^-40, exact
// Reads 4 rows cols bytes once: memory bound.

namespace cpu {
void gain(MatrixView<const float> cost, std::span<const float> column_minimum, std::span<std::int64_t> gain);
}  // namespace cpu

namespace cuda {
void gain(MatrixView<const float> cost, std::span<const float> column_minimum, std::span<std::int64_t> gain);
}  // namespace cuda

}  // namespace goracs
