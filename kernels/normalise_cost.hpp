#pragma once

#include <span>

#include "base/matrix.hpp"

namespace goracs {

/// How distances become costs (SPEC 5), all float32.
struct CostScale {
  float distance_divisor = 1;     ///< the largest distance (`distance_scale: max`), or 1
  float lowest = 0, highest = 1;  ///< extremes of distance / distance_divisor - penalty over the whole block that is normalised
};

/// Multiples of this are exact: the unit that costs are rounded to.
inline constexpr int kCostBits = 40;
inline constexpr double kCostUnit = 0x1p-40;
inline constexpr float kUnitsPerCost = 0x1p40F;

// values[i, j] <- round((values[i, j] / distance_divisor - penalty[i] - lowest) / (highest - lowest)), in place          SPEC 5
//   values   (rows, cols) float32: distances, then costs in [0, 1]
//   penalty  (rows) float32: lambda G_i
// Each operation in float32, in this order. round: values below 2^-17 go to multiples of 2^-40, half to even; all others are such multiples already.
// highest = lowest gives 0 everywhere. Reads and writes 4 rows cols bytes once: memory bound.

namespace cpu {
void normalise_cost(MatrixView<float> values, std::span<const float> penalty, const CostScale& scale);
}  // namespace cpu

namespace cuda {
void normalise_cost(MatrixView<float> values, std::span<const float> penalty, const CostScale& scale);
}  // namespace cuda

}  // namespace goracs
