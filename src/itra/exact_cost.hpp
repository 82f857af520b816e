#pragma once

#include <cmath>
#include <cstdint>

namespace goracs::itra {

/// Costs and everything added up from them are multiples of 2^-kCostBits (SELECTION, "Exact arithmetic first").
inline constexpr int kCostBits = 40;
inline constexpr double kUnitsPerOne = 0x1p40;
/// Sums and differences of multiples of 2^-40 below this are exact in double, with one bit to spare.
inline constexpr double kLargestPotential = 0x1p12;

/// A multiple of 2^-40 below 2^23 as the integer it stands for.
inline std::int64_t exact_units(double value) { return static_cast<std::int64_t>(value * kUnitsPerOne); }

}  // namespace goracs::itra
