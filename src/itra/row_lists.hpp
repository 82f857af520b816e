#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "itra/cost_rows.hpp"
#include "itra/exchange_score.hpp"

namespace goracs::itra {

/// What is known of the scores F of a rank's rows at one column potential f after the other, without reading the rows again (SELECTION, "Pruning,
/// certified lazy"; the two looser bounds are ours).
///
///   e_j = sign * (C_oj - f_j); a row has a list of its lowest ones, and `base`, at or below which no other lies.
///   A new potential, less a constant that moves all F alike, lets e fall by at most `most`, in all but a few fallen columns by at most `rest`.
///
/// Since F = max_y [ mean_j min(e_j - y, 0) + y / n ], from the cheapest to the tightest:
///   1. F falls by at most most / n
///   2. F >= [ sum over the list of min(e_j - y, 0) ] / M + y / n for any y <= base, when base falls by `most`
///   3. base falls by `rest` only, once the row's fallen columns are looked at; F is exact where R entries lie at or below it, and at least
///      what it would be with base in place of the missing ones
/// For the reference's order statistic, which is not that maximum, only the third holds.
class RowLists {
 public:
  using Workspace = cpu::LowestDifferences::Workspace;

  /// F of a row, or less.
  struct Bound {
    Int128 score;
    std::int64_t row;  ///< local
    bool exact;
    friend bool operator<(const Bound& a, const Bound& b) { return a.score != b.score ? a.score < b.score : a.row < b.row; }
  };

  /// lazy false, or rows too short for lists to pay: every row is read at every potential.
  RowLists(const CostRows& cost, const ExchangeScore& score, bool lazy);

  /// Goes on to this potential (M). False: nothing is known, every row has to be read.
  bool move_potential(std::span<const double> column_potential);
  /// What the potential was lowered by.
  double shift() const noexcept { return shift_; }

  /// Whether F of the row can be `limit` or less, by 1 and 2.
  bool can_be_at_most(std::int64_t row, double limit);
  /// By 3.
  Bound bound(std::int64_t row, Workspace& workspace);
  /// From all costs of the row.
  Bound read(std::int64_t row, Workspace& workspace);

 private:
  struct Row {
    std::int64_t seen = -1;   ///< the potential that `base_rest` and the list are complete for
    double base_most = 0;     ///< base + the sum of `most` until then
    double base_rest = 0;     ///< base + the sum of `rest` until then
    double level = 0;         ///< the y at which F was largest
    double at_least = 0;      ///< F + the sum of most / n
    std::int32_t length = 0;  ///< of the list
  };

  void note_fallen(std::span<const double> column_potential);
  void start_again(std::span<const double> column_potential);
  void look_at(std::int64_t row, std::int32_t column, double& base);
  void know_base(Row& row, double base) const;
  Bound known(std::int64_t row, std::span<const cpu::LowestDifferences::Entry> lowest, bool exact);
  Int128 sum_difference(std::int64_t row) const;

  const CostRows& cost_;
  ExchangeScore score_;
  bool lazy_;
  std::int64_t capacity_ = 0;              ///< entries that a row's list can hold
  cpu::LowestDifferences differences_;     ///< at the shifted potential
  double shift_ = 0;                       ///< true potential = the shifted one + shift
  double margin_ = 0;                      ///< F in double is off by less
  std::int64_t potential_ = -1;            ///< number of the present one
  double most_ = 0, rest_ = 0;             ///< their sums
  std::vector<std::int32_t> fallen_;       ///< columns, each once, the last potentials' first
  std::vector<std::size_t> fallen_since_;  ///< how many of them fell at the last potential, at the last two, ...
  std::vector<Row> rows_;                  ///< (N_lc)
  std::vector<float> cost_of_;             ///< (N_lc, capacity), infinite beyond the list
  std::vector<std::int32_t> column_of_;    ///< (N_lc, capacity)
  std::vector<std::int64_t> cost_sum_;     ///< (N_lc) units of 2^-40; of the reference statistic
  Int128 potential_sum_ = 0;
};

}  // namespace goracs::itra
