#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "itra/cost_matrix.hpp"

namespace goracs::itra {

/// What a pass has found out about costs: another pass over the same ones goes on from there.
struct GreedyOrder {
  std::vector<std::int64_t> rows;          ///< in the order of adding
  std::int64_t nearest_rows_of_pool = -1;  ///< pool rows that are nearest to some column; -1: not counted yet
};

/// Stage 1 of ITRA (SPEC 6): starts with the row of smallest sum and adds, one at a time, the row that lowers sum_j min_{i in S} C_ij most;
/// ties go to the lowest row. Sums are exact, so lazy evaluation gives what a full scan would: gains only fall while rows are added.
///
/// Each rank keeps a queue of its rows' stale gains and evaluates its best row until that is fresh; then
///   rank 0: (gain 7, row 3)   rank 1: (gain 9, row 12)   ->   row 12; rank 1 broadcasts its costs (4 M bytes)
/// Two passes over the matrix, then 2-20 rows a step.
class GreedyPass {
 public:
  /// Called after each row on every rank; true stops.
  using Step = std::function<bool(std::int64_t rows)>;

  /// `cost` and `world` must live on; `known`, the same on every rank, is of these costs. Collective.
  GreedyPass(const CostMatrix& cost, Communicator& world, GreedyOrder known = {});

  /// The greedy coreset of `budget` rows in the order of adding, end rule applied: when more than `budget` pool rows are nearest to some column,
  /// rows are added until so many rows of S are, and just these are returned. None when `step` stopped it. The pass goes on from the
  /// last call, so a sweep over budgets costs as much as its largest: budgets must not fall. Collective.
  std::optional<std::vector<std::int64_t>> coreset(std::int64_t budget, const Step& step = {});

  /// The first `budget` rows that are added, without the end rule. Collective.
  std::optional<std::vector<std::int64_t>> first_rows(std::int64_t budget, const Step& step = {});

  /// All rows added so far, in order.
  const std::vector<std::int64_t>& added() const noexcept { return added_; }
  /// All that is known now.
  GreedyOrder order() const;

 private:
  /// A row (within the class) with its gain in units of 2^-40: the highest gain, then the lowest row is best.
  struct Candidate {
    std::int64_t gain, row;
    friend bool operator<(const Candidate& a, const Candidate& b) { return a.gain != b.gain ? a.gain < b.gain : a.row > b.row; }
  };
  static constexpr Candidate kNoCandidate{-1, -1};

  bool add_until(const std::function<bool()>& complete, std::int64_t budget, const Step& step);
  std::int64_t first_row() const;
  std::int64_t next_row();
  std::int64_t best_row();
  void fill_queue();
  Candidate best_of_rank();
  Candidate best_of(Candidate own) const;
  void add(std::int64_t row);
  std::int64_t count_nearest_rows() const;

  const CostMatrix& cost_;
  Communicator& world_;
  GreedyOrder known_;
  bool queued_ = false;                     ///< whether the queue holds the rows yet
  std::vector<Candidate> queue_;            ///< a heap
  std::vector<std::int64_t> evaluated_at_;  ///< (N_lc) rows in S when the gain was evaluated
  std::vector<std::int64_t> added_;
  std::vector<float> column_minimum_;     ///< (M) over S
  std::vector<std::int64_t> nearest_;     ///< (M) the row of S that attains it, the lowest one
  std::vector<std::int64_t> columns_of_;  ///< (N) columns whose nearest row it is
  std::int64_t rows_with_columns_ = 0;    ///< of S
};

}  // namespace goracs::itra
