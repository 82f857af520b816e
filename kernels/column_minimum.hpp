#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.hpp"

namespace goracs {

// minimum[j] = min_i cost[i, j],  row[j] = the lowest i that attains it                                               SPEC 6
//   cost     (rows, cols) float32, rows >= 1
//   minimum  (cols) float32
//   row      (cols) int32, counted from the first row of `cost`
// Reads 4 rows cols bytes once: memory bound.

namespace cpu {
void column_minimum(MatrixView<const float> cost, std::span<float> minimum, std::span<std::int32_t> row);
}  // namespace cpu

namespace cuda {
void column_minimum(MatrixView<const float> cost, std::span<float> minimum, std::span<std::int32_t> row);
}  // namespace cuda

}  // namespace goracs
