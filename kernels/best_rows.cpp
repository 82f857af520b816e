#include "kernels/best_rows.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace goracs::cpu {

void best_rows(const RowScores& scores, std::span<const char> left_out, BestRows best) {
  std::vector<std::pair<Int128, std::int64_t>> rows;
  for (std::size_t i = 0; i < scores.lowest.size(); ++i) {
    if (left_out[i] != 0) continue;
    const Int128 sum = scores.lowest[i].sum() + (scores.row_sum.empty() ? 0 : scores.row_sum[i]);
    rows.emplace_back(scores.of_sum * sum + static_cast<Int128>(scores.of_last) * scores.lowest[i].last, static_cast<std::int64_t>(i));
  }
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(best.row.size());
  std::nth_element(rows.begin(), end, rows.end());
  std::sort(rows.begin(), end, [](const auto& a, const auto& b) { return a.second < b.second; });
  for (std::size_t k = 0; k < best.row.size(); ++k) {
    best.row[k] = rows[k].second;
    best.score[k] = rows[k].first;
  }
}

}  // namespace goracs::cpu
