#include "kernels/column_minimum.hpp"

#include <algorithm>

#include "kernels/instruction_set.hpp"

namespace goracs::cpu {
namespace {

/// Columns a thread takes at once: minima and rows stay in its first-level cache.
constexpr std::int64_t kCols = 1024;

GORACS_VECTORISED void lower(const float* cost, std::int32_t i, std::int64_t count, float* minimum, std::int32_t* row) {
#pragma omp simd
  for (std::int64_t j = 0; j < count; ++j) {
    row[j] = cost[j] < minimum[j] ? i : row[j];
    minimum[j] = cost[j] < minimum[j] ? cost[j] : minimum[j];
  }
}

}  // namespace

void column_minimum(MatrixView<const float> cost, std::span<float> minimum, std::span<std::int32_t> row) {
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t j = 0; j < cost.cols; j += kCols) {
    const std::int64_t count = std::min(kCols, cost.cols - j);
    std::copy_n(cost.row(0).data() + j, count, minimum.data() + j);
    std::fill_n(row.data() + j, count, 0);
    for (std::int64_t i = 1; i < cost.rows; ++i)
      lower(cost.row(i).data() + j, static_cast<std::int32_t>(i), count, minimum.data() + j, row.data() + j);
  }
}

}  // namespace goracs::cpu
