#include "itra/fixing.hpp"

#include <algorithm>

namespace goracs::itra {

std::vector<std::int64_t> hopeless_rows(const DualPoint& point, Int128 poo_units, RowBlock rows) {
  std::vector<std::int64_t> lowest;
  for (const RowScore& row : point.lowest) lowest.push_back(row.row);
  std::sort(lowest.begin(), lowest.end());
  std::vector<std::int64_t> hopeless;
  for (std::int64_t i_lc = 0; i_lc < rows.size(); ++i_lc) {
    const std::int64_t score = point.row_score[static_cast<std::size_t>(i_lc)];
    if (score == LowerBound::kDropped || std::binary_search(lowest.begin(), lowest.end(), rows.begin + i_lc)) continue;
    if (point.bound_units + score - point.lowest.back().score > poo_units) hopeless.push_back(i_lc);
  }
  return hopeless;
}

bool only_lowest_can_be_better(const DualPoint& point, Int128 poo_units) {
  if (point.bound_units >= poo_units || point.next_score == LowerBound::kDropped) return true;
  return point.bound_units + point.next_score - point.lowest.back().score >= poo_units;
}

}  // namespace goracs::itra
