#pragma once

#include <span>

#include "base/matrix.hpp"

namespace goracs {

// minimum[i] = min_j values[i, j],  maximum[i] = max_j values[i, j]
//   values            (rows, cols) float32, no NaN, cols >= 1
//   minimum, maximum  (rows)
// Reads 4 rows cols bytes once: memory bound.

namespace cpu {
void row_range(MatrixView<const float> values, std::span<float> minimum, std::span<float> maximum);
}  // namespace cpu

namespace cuda {
void row_range(MatrixView<const float> values, std::span<float> minimum, std::span<float> maximum);
}  // namespace cuda

}  // namespace goracs
