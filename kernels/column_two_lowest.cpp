#include "kernels/column_two_lowest.hpp"

#include <algorithm>

namespace goracs::cpu {
namespace {

/// Columns whose results stay in the cache while all rows pass.
constexpr std::int64_t kBlock = 512;

}  // namespace

void column_two_lowest(std::span<const float* const> cost, std::span<const double> row_dual, ColumnTwoLowest lowest) {
  const auto cols = static_cast<std::int64_t>(lowest.first.size());
#pragma omp parallel for schedule(static)
  for (std::int64_t begin = 0; begin < cols; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, cols);
    for (std::int64_t j = begin; j < end; ++j) {
      const auto column = static_cast<std::size_t>(j);
      lowest.first[column] = lowest.second[column] = static_cast<double>(cost[0][j]) - row_dual[0];
      lowest.owner[column] = 0;
    }
    for (std::size_t i = 1; i < cost.size(); ++i)
      for (std::int64_t j = begin; j < end; ++j) {
        const auto column = static_cast<std::size_t>(j);
        const double value = static_cast<double>(cost[i][j]) - row_dual[i], first = lowest.first[column];
        // the second row's larger value is the second lowest, whatever stood there
        const double above = std::max(value, first), second = i == 1 ? above : std::min(above, lowest.second[column]);
        lowest.second[column] = second;
        lowest.owner[column] = value < first ? static_cast<std::int32_t>(i) : lowest.owner[column];
        lowest.first[column] = std::min(value, first);
      }
  }
}

}  // namespace goracs::cpu
