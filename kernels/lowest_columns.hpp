#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.hpp"

namespace goracs {

/// An entry of a cost row.
struct CostArc {
  float cost;
  std::int32_t column;
  friend bool operator==(const CostArc&, const CostArc&) = default;
};

// arcs[k, :] = of row i = rows[k] the `arcs.cols` columns of lowest cost[i, j] - potential[j], ascending by column        what a row would supply
// first at duals (SPEC 6, tight score); of equal differences the lower column's come first
//   cost       (all rows, cols) float32 in [0, 1]
//   rows       which of them
//   potential  (cols) double, finite; each difference is rounded to double once
//   arcs       (rows, count), 1 <= count <= cols
// The device reads 4 cols bytes a row, and the row again from its caches for each of 8 digits and to write.

namespace cpu {
void lowest_columns(MatrixView<const float> cost, std::span<const std::int64_t> rows, std::span<const double> potential,
                    MatrixView<CostArc> arcs);
}  // namespace cpu

namespace cuda {
void lowest_columns(MatrixView<const float> cost, std::span<const std::int64_t> rows, std::span<const double> potential,
                    MatrixView<CostArc> arcs);
}  // namespace cuda

}  // namespace goracs
