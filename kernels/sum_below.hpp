#pragma once

#include <cstdint>
#include <span>

namespace goracs::cpu {

/// Entries come padded to a multiple of this many.
inline constexpr std::int64_t kSumBelowLanes = 8;

/// sum_p min(cost[p] - potential[column[p]] - level, 0), in one order of summation on every processor.
///   cost, column  as many, a multiple of kSumBelowLanes; an entry of infinite cost adds nothing
double sum_below(std::span<const float> cost, std::span<const std::int32_t> column, std::span<const double> potential, double level);

}  // namespace goracs::cpu
