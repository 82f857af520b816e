#include "itra/exchange_score.hpp"

#include <cmath>
#include <numeric>

#include "itra/exact_cost.hpp"

namespace goracs::itra {

ExchangeScore::ExchangeScore(OrderStatistic statistic, std::int64_t num_valid, std::int64_t budget)
    : statistic_(statistic),
      num_valid_(num_valid),
      budget_(budget),
      top_r_((num_valid + budget - 1) / budget),
      row_units_(num_valid / std::gcd(num_valid, budget)),
      column_units_(budget / std::gcd(num_valid, budget)) {}

Int128 ExchangeScore::of(std::span<const Entry> lowest, Int128 sum_difference) const {
  Int128 sum = 0;  // of the R - 1 lowest e_j
  for (const Entry& entry : lowest.first(lowest.size() - 1)) sum += exact_units(entry.value);
  const Int128 last = exact_units(lowest.back().value);
  if (statistic_ == OrderStatistic::kSmallest) return column_units_ * (sum - (top_r_ - 1) * last) + row_units_ * last;
  // d_j = -e_j: all but the R - 1 largest d_j lie at or below y = -last
  return column_units_ * (sum_difference + sum + (num_valid_ - top_r_ + 1) * last) - row_units_ * last;
}

Int128 ExchangeScore::of_constant(double by) const { return static_cast<Int128>(row_units_) * exact_units(by); }

double ExchangeScore::value(Int128 score) const {
  return std::ldexp(static_cast<double>(score), -kCostBits) / static_cast<double>(num_valid_ * column_units_);
}

}  // namespace goracs::itra
