#pragma once

#include <cstdint>
#include <span>

namespace goracs {

/// Results by column, (cols) each.
struct ColumnTwoLowest {
  std::span<double> first, second;
  std::span<std::int32_t> owner;
};

// first[j] = min_i (cost_i[j] - row_dual[i]),  owner[j] = the lowest i that attains it,                     column potential of SPEC 6
// second[j] = the second smallest of them, first[j] again where two are equal or there is one row only
//   cost      (rows) pointers to rows of `cols` float32 in [0, 1], multiples of 2^-40; rows >= 1
//   row_dual  (rows) double, multiples of 2^-40 below 2^12 in size: every difference is exact
// Reads 4 rows cols bytes once: memory bound.

namespace cpu {
void column_two_lowest(std::span<const float* const> cost, std::span<const double> row_dual, ColumnTwoLowest lowest);
}  // namespace cpu

namespace cuda {
void column_two_lowest(std::span<const float* const> cost, std::span<const double> row_dual, ColumnTwoLowest lowest);
}  // namespace cuda

}  // namespace goracs
