#pragma once

#include <cstdint>
#include <span>

#include "base/int128.hpp"
#include "base/matrix.hpp"

namespace goracs {

/// What the exchange score (Eq. 15) needs of a row: the count-th lowest difference and the sum of the count lowest, in units of 2^-40. The sum
/// is 2^32 high + low: one number of 64 bits may not hold it.
struct LowestSum {
  std::int64_t last = 0, high = 0, low = 0;
  Int128 sum() const { return Int128{high} * (Int128{1} << 32) + low; }
  friend bool operator==(const LowestSum&, const LowestSum&) = default;
};

// Of row i = rows[k], with e_j = sign (cost[i, j] - potential[j]):                                            order statistic of SPEC 6
//   lowest[k].last = the count-th lowest e_j,   lowest[k].sum() = the sum of the count lowest
//   cost       (all rows, cols) float32 in [0, 1], multiples of 2^-40; 1 <= count <= cols
//   rows       which of them
//   potential  (cols) double, multiples of 2^-40 below 2^12 in size
//   sign       1 or -1
// Exact. The device reads 4 cols bytes a row, and the row again from its caches for each of 7 digits.

namespace cpu {
void lowest_sum(MatrixView<const float> cost, std::span<const std::int64_t> rows, std::span<const double> potential, int sign,
                std::int64_t count, std::span<LowestSum> lowest);
}  // namespace cpu

namespace cuda {
void lowest_sum(MatrixView<const float> cost, std::span<const std::int64_t> rows, std::span<const double> potential, int sign,
                std::int64_t count, std::span<LowestSum> lowest);
}  // namespace cuda

}  // namespace goracs
