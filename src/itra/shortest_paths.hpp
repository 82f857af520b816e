#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/int128.hpp"
#include "itra/candidate_lists.hpp"
#include "itra/flow_table.hpp"

namespace goracs::itra {

/// Ships the units of one row to columns in need along shortest paths of reduced costs (successive shortest paths; Dijkstra): what an
/// exchange leaves to do when all other rows and columns keep their duals. A path goes from the row to a column, on to a row that serves
/// it and sends its units elsewhere instead, and so on to a column in need.
///
/// Goals: exact on the arcs of the candidate lists; a search costs the rows it reaches times their lists. Whether an arc outside the lists
///   would have been shorter, a sweep tells the caller.
/// Non-goals: cold starts, and columns that several rows share: then hundreds of paths carry few units each (transport_pivot.cpp).
class ShortestPaths {
 public:
  /// A transport with one row that has not shipped its units yet. Its rows' duals and costs allow no negative reduced cost.
  struct Problem {
    std::span<const float* const> rows;  ///< (n) costs of M
    std::span<double> column_dual;       ///< (M) v
    std::span<double> negated_row_dual;  ///< (n) -u
    FlowTable& flows;
    const CandidateLists& lists;   ///< hold all arcs with flow
    std::int32_t slot = 0;         ///< the row
    std::int64_t supply = 0;       ///< units it has left
    std::span<std::int32_t> need;  ///< (M) units that columns lack; sum to the supply
    Int128 dual_value = 0;         ///< objective at these duals, in units of Transport::exact_value
    Int128 limit = 0;              ///< give up once the objective reaches this
    double detour = 1;             ///< how much farther than every row columns are taken to be that no listed arc leads to
  };

  /// Ships everything; false when it gave up: then flows are in between, but duals allow no negative reduced cost on listed arcs.
  /// problem.dual_value is the objective of the duals at the end.
  bool ship(Problem& problem);

 private:
  using Index = std::int32_t;
  struct Label {
    double distance;
    Index slot;
    friend bool operator<(const Label& a, const Label& b) {  // of a heap whose first is the nearest
      return a.distance != b.distance ? a.distance > b.distance : a.slot > b.slot;
    }
  };

  /// How a shortest path comes to a column.
  struct Column {
    double distance;  ///< largest double: not reached
    Index from;       ///< slot
  };

  void clear();
  bool search(Problem& problem);
  void settle_row(const Problem& problem, Index slot, double distance);
  void reach(const Problem& problem, Index slot, Index column, double distance);
  void send_along_path(Problem& problem, Index column);
  void lower_duals(Problem& problem, double distance);

  Column& column_at(Index column) { return columns_[static_cast<std::size_t>(column)]; }

  std::vector<Label> heap_;  ///< rows; only the nearest label of a row counts
  std::vector<Column> columns_;
  /// distance + dual of each column, exact as both are: all that most arcs have to be compared with, in a third of the memory.
  std::vector<double> reach_below_;
  std::vector<double> row_distance_;  ///< largest double: not reached
  std::vector<Index> row_from_;       ///< the column that a shortest path comes from
  std::vector<Index> reached_columns_, reached_rows_, settled_rows_;
  std::vector<char> is_settled_;  ///< rows
  Index nearest_need_ = FlowTable::kNone;
  double to_need_ = 0;  ///< its distance: nothing farther is looked at
};

}  // namespace goracs::itra
