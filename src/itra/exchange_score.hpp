#pragma once

#include <cstdint>
#include <span>

#include "base/int128.hpp"
#include "kernels/lowest_differences.hpp"

namespace goracs::itra {

/// Which of the differences d_j = C_oj - f_j is the trial potential y of a row (SPEC 6): the R-th smallest, at which F is the best bound, or the
/// R-th largest, as the authors' code has it.
enum class OrderStatistic { kSmallest, kReference };

/// The estimated marginal improvement of a row (Eq. 15; SPEC 6), lower is better:
///
///   F = mean_j min(d_j - y, 0) + y / n,   d_j = C_oj - f_j,   y the R-th smallest (largest) of d, R = ceil(M / n)
///
/// Exact: F is an integer in units of 2^-40 / lcm(n, M), the units of Transport::exact_value.
/// Both statistics are of the R lowest e_j = +-d_j: what lies beyond them is not needed, or needed as a sum only.
class ExchangeScore {
 public:
  using Entry = cpu::LowestDifferences::Entry;

  ExchangeScore(OrderStatistic statistic, std::int64_t num_valid, std::int64_t budget);

  std::int64_t top_r() const noexcept { return top_r_; }
  OrderStatistic statistic() const noexcept { return statistic_; }
  /// e_j = sign() * d_j
  int sign() const noexcept { return statistic_ == OrderStatistic::kSmallest ? 1 : -1; }

  /// F from the R lowest entries, the highest of them last. `sum_difference`: sum of all d_j in units of 2^-40; only the reference needs it.
  /// Where every R-th lowest is replaced by something lower, F becomes lower too (reference: for n > 1), hence a bound.
  Int128 of(std::span<const Entry> lowest, Int128 sum_difference) const;
  /// F in terms of the R lowest e_j (kernels/best_rows.hpp):   weight_of_sum (their sum + sum_difference) + weight_of_last (the highest of them)
  std::int64_t weight_of_sum() const noexcept { return column_units_; }
  std::int64_t weight_of_last() const noexcept {
    return statistic_ == OrderStatistic::kSmallest ? row_units_ - column_units_ * top_r_
                                                   : column_units_ * (num_valid_ - top_r_) - row_units_;
  }
  /// What F gains when all d_j grow by `by`: by / n.
  Int128 of_constant(double by) const;
  /// F as a number.
  double value(Int128 score) const;
  /// mean_j min(d_j - y, 0) + y / n at any trial potential y: for the smallest order statistic at most F, which is its largest value.
  ///   sum_below  sum_j min(d_j - y, 0)
  double value_at(double sum_below, double trial_potential) const {
    return sum_below / static_cast<double>(num_valid_) + trial_potential / static_cast<double>(budget_);
  }

 private:
  OrderStatistic statistic_;
  std::int64_t num_valid_, budget_, top_r_, row_units_, column_units_;
};

/// A row with its exact score: lower scores first, then lower rows.
struct RowWithScore {
  Int128 score;
  std::int64_t row;
  friend bool operator<(const RowWithScore& a, const RowWithScore& b) { return a.score != b.score ? a.score < b.score : a.row < b.row; }
};

/// Larger scores first, then lower rows.
inline bool is_larger(const RowWithScore& a, const RowWithScore& b) { return a.score != b.score ? a.score > b.score : a.row < b.row; }

}  // namespace goracs::itra
