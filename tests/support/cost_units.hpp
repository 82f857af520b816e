#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/normalise_cost.hpp"

namespace goracs::test {

/// A cost as the integer that exact sums add up.
inline std::int64_t cost_units(float cost) { return static_cast<std::int64_t>(std::ldexp(static_cast<double>(cost), kCostBits)); }

}  // namespace goracs::test
