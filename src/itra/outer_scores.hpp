#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "itra/cost_rows.hpp"
#include "itra/exchange_score.hpp"

namespace goracs::itra {

/// The k rows of smallest F among a rank's rows, at one column potential after the other (SELECTION, "Pruning, certified lazy").
///
///   per row: its lowest e_j, and `base`, at or above which all others lie
///   new potential, shifted by a constant that leaves all but a few e_j higher than before (rankings do not move):
///     e_j that rose: nothing to do;  e_j that fell below base: j joins the list, or base falls to it when the list is full
///   F from the list alone is exact if R entries lie at or below base, else (missing ones taken as base) a lower bound
///   rows whose bound lies below the k-th best exact F are read again, lowest first, until none does
///
/// The candidates equal those of a full scan, bit for bit.
class OuterScores {
 public:
  /// lazy false: every row is read every time.
  OuterScores(const CostRows& cost, const ExchangeScore& score, bool lazy);

  /// The k best of this rank's rows that are not excluded (N_lc flags), ascending; `row` is global.
  std::vector<RowWithScore> best(std::span<const double> column_potential, std::span<const char> excluded, std::int64_t k);

  std::int64_t rows_read() const noexcept { return rows_read_; }

 private:
  struct Arc {
    float cost;
    std::int32_t column;
  };
  /// F of a row, or less.
  struct Bound {
    Int128 score;
    std::int64_t row;  ///< local
    bool exact;
    friend bool operator<(const Bound& a, const Bound& b) { return a.score != b.score ? a.score < b.score : a.row < b.row; }
  };

  std::vector<std::int32_t> move_potential(std::span<const double> column_potential);
  void lower_base(std::int64_t row, std::span<const std::int32_t> risen);
  Bound bound_of(std::int64_t row, cpu::LowestDifferences::Workspace& workspace) const;
  Bound read(std::int64_t row, cpu::LowestDifferences::Workspace& workspace);
  Int128 sum_difference(std::int64_t row) const;
  void read_until_exact(std::vector<Bound>& bounds, std::int64_t k);

  const CostRows& cost_;
  ExchangeScore score_;
  bool lazy_;
  std::int64_t capacity_ = 0;           ///< arcs that a row's list can hold
  cpu::LowestDifferences differences_;  ///< at the shifted potential
  double shift_ = 0;                    ///< true potential = the shifted one + shift
  bool listed_ = false;                 ///< whether there are lists yet
  std::vector<Arc> arcs_;               ///< (N_lc, capacity)
  std::vector<std::int32_t> length_;    ///< (N_lc)
  std::vector<double> base_;            ///< (N_lc)
  std::vector<std::int64_t> cost_sum_;  ///< (N_lc) units of 2^-40; of the reference statistic
  Int128 potential_sum_ = 0;
  std::int64_t rows_read_ = 0;
};

}  // namespace goracs::itra
