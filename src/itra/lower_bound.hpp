#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/int128.hpp"
#include "comm/communicator.hpp"
#include "itra/cost_rows.hpp"
#include "itra/rounding_cuts.hpp"
#include "itra/tight_score.hpp"

namespace goracs::itra {

/// A pool row (global index) with its tight score in units of 2^-40 / (n M).
struct RowScore {
  std::int64_t score;
  std::int64_t row;
  friend bool operator<(const RowScore& a, const RowScore& b) { return a.score != b.score ? a.score < b.score : a.row < b.row; }
};

/// bound(v) at one v, and what an ascent needs there. The same on every rank but for row_score.
struct DualPoint {
  Int128 bound_units = 0;               ///< bound(v) in units of 2^-40 / (n M), exact for the v rounded to units of 2^-40
  double bound = 0;                     ///< the same, rounded
  std::vector<RowScore> lowest;         ///< the n rows of smallest F, ascending; ties go to the lower row
  std::int64_t next_score = 0;          ///< no other row's F is smaller (units; LowerBound::kDropped when there is no other row)
  std::vector<std::int64_t> row_score;  ///< (N_lc) F of this rank's rows in units, or less for rows that are not among the lowest
  /// (M) in units of 1 / (n M): 1/M minus what the n lowest rows take of the column; sums to 0. Then, for each cut, what the lowest rows of its
  /// group ship within it beyond what the cut allows.
  std::vector<std::int64_t> supergradient;
};

/// A lower bound on POO for every coreset of n rows (SELECTION): for any column duals v
///
///   bound(v) = mean_j v_j + sum of the n smallest F_i(v) over all pool rows i        F: tight_score.hpp
///
/// Concave in v; adding a constant to v changes nothing. Cuts (rounding_cuts.hpp) raise the most it can be: each has a price m >= 0, by which shipping
/// within its group is dearer, and which the right-hand side is paid with. It is concave in prices, too, and holds for any:
///
///   bound(v, m) = mean_j v_j + sum of the n smallest (F_i(v - m_g on the columns of i's group g) - m_g r_g / (n M)) - sum_g m_g (M - r_g) k_g / (n M)
///
/// Goals: exact, whatever the ranks and threads; evaluations at neighbouring v cost a fraction of a pass: scores fall by no more than
///   TightScore::most_fall, so a row is scored again only once it could be among the n lowest.
/// Each rank scores its rows; n scores per rank and 8 M bytes are exchanged:
///   n = 2:   rank 0: 3:0.1 5:0.4   rank 1: 7:0.2 8:0.3   ->   3:0.1 7:0.2 on every rank
class LowerBound {
 public:
  static constexpr std::int64_t kDropped = std::numeric_limits<std::int64_t>::max();  ///< the score of a dropped row

  /// Requires 1 <= budget <= num_train; `cost` and `world` must live on.
  LowerBound(const CostRows& cost, std::int64_t budget, Communicator& world);

  /// From now on duals (M) are followed by a price for each of these cuts. Scores at hand stay what they are: those at prices of 0.
  void cut(RoundingCuts cuts);
  const RoundingCuts& cuts() const noexcept { return cuts_; }

  /// bound(v) for the duals v (M, then the prices, which count as 0 below 0), the same on every rank. Collective. Valid until the next call.
  /// Throws Error(kNumeric) for duals that are not finite or, less the price, beyond 2^21 / M.
  const DualPoint& evaluate(std::span<const double> column_dual);

  /// The `count` rows of smallest score at the last evaluation, ascending, on every rank; those that were not scored there count by their lower
  /// bound. Dropped rows come last. Collective.
  std::vector<RowScore> lowest_rows(std::int64_t count) const;

  /// Rows that are proven to be in no better coreset: never among the lowest again. Local rows, none of them
  /// among the lowest of the last evaluation.
  void drop(std::span<const std::int64_t> local_rows);

  std::int64_t rows_scored() const noexcept { return rows_scored_; }  ///< by this rank, over all evaluations

 private:
  void assign(std::span<const double> dual);
  /// visit(cut, rows) for these local rows, those of one cut (or of none) together; tight_ has the duals that count for them.
  template <class Visit>
  void by_cut(std::span<const std::int64_t> local_rows, Visit&& visit);
  void lower_scores();
  void score_rows(std::span<const std::int64_t> local_rows);
  std::int64_t score_last_lowest();
  std::vector<std::int64_t> own_lowest() const;
  void select_lowest();
  void sum_up();

  const CostRows& cost_;
  std::int64_t budget_;
  Communicator& world_;
  TightScore tight_;
  RoundingCuts cuts_;
  std::vector<std::int64_t> price_units_;  ///< (cuts)
  std::vector<std::int64_t> last_dual_units_, last_price_units_;
  std::vector<char> is_exact_;  ///< (N_lc) row_score is F at the present duals
  DualPoint point_;
  std::int64_t rows_scored_ = 0;
};

/// bound(v) alone, for duals at hand. Collective.
double lower_bound(const CostRows& cost, std::int64_t budget, std::span<const double> column_dual, Communicator& world);

}  // namespace goracs::itra
