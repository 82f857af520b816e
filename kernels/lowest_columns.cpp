#include "kernels/lowest_columns.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace goracs::cpu {

void lowest_columns(MatrixView<const float> cost, std::span<const std::int64_t> rows, std::span<const double> potential,
                    MatrixView<CostArc> arcs) {
#pragma omp parallel
  {
    std::vector<std::pair<double, std::int32_t>> difference(potential.size());
#pragma omp for schedule(dynamic, 8)
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const std::span<const float> row = cost.row(rows[k]);
      for (std::size_t j = 0; j < row.size(); ++j)
        difference[j] = {static_cast<double>(row[j]) - potential[j], static_cast<std::int32_t>(j)};
      const auto end = difference.begin() + arcs.cols;
      std::nth_element(difference.begin(), end - 1, difference.end());
      std::sort(difference.begin(), end, [](const auto& a, const auto& b) { return a.second < b.second; });
      std::transform(difference.begin(), end, arcs.row(static_cast<std::int64_t>(k)).begin(),
                     [&](const auto& arc) { return CostArc{row[static_cast<std::size_t>(arc.second)], arc.second}; });
    }
  }
}

}  // namespace goracs::cpu
