#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/int128.hpp"
#include "itra/candidate_lists.hpp"
#include "itra/flow_table.hpp"
#include "itra/shortest_paths.hpp"
#include "itra/spanning_tree.hpp"

namespace goracs::itra {

/// Exact optimal transport between rows of equal weight and M columns of weight 1/M (SPEC 5), solved by a primal network simplex that starts
/// from the last optimum; dual solution and proof of optimality included.
///
///   min sum_ij flow_ij C_ij        max sum_i x_i / n + sum_j y_j / M   subject to   x_i + y_j <= C_ij
///
/// Goals: exact (SELECTION): flows are integers (a = M/g units a row, b = n/g a column, g = gcd(n, M)), costs float32 multiples of 2^-40
///   in [0, 1], potentials multiples of 2^-40 below 2^12 in double, objectives 128-bit integers. So no tolerance anywhere, and the result does
///   not depend on threads. After every solve the optimality certificate is checked; Error(kNumeric) when it fails.
///   Any n and M. The pool's relaxed transport (SELECTION, `relaxed`) is the same program with more rows than needed.
/// Non-goals: ranks (every rank solves the same), which rows (pruning, exchange).
/// Ruled out: copies of cost rows (pointers are used in place and must stay valid), a second solver for relaxations.
///
/// Relaxed: more than n rows, each supplying at most 1/n; a dummy column takes at cost 0 what a row does not ship. Rows can be added (they
/// start unused) and forbidden (nothing may be shipped from them); then solve_again(). With all but n rows forbidden it is the transport of
/// those n: `of_allowed` makes it one.
class Transport {
 public:
  using CostRow = const float*;  ///< (M)
  struct Options {
    /// Pivots after which a solve gives up, and its certificate fails: for tests of that failure.
    std::int64_t pivot_limit = std::numeric_limits<std::int64_t>::max();
  };

  /// The transport of n = rows.size() >= 1 rows and `num_valid` >= 1 columns.
  static Transport solve(std::vector<CostRow> rows, std::int64_t num_valid) { return solve(std::move(rows), num_valid, Options()); }
  static Transport solve(std::vector<CostRow> rows, std::int64_t num_valid, Options options);
  /// The relaxed transport of at least `budget` rows, each supplying at most 1 / budget.
  static Transport relaxed(std::vector<CostRow> rows, std::int64_t num_valid, std::int64_t budget) {
    return relaxed(std::move(rows), num_valid, budget, Options());
  }
  static Transport relaxed(std::vector<CostRow> rows, std::int64_t num_valid, std::int64_t budget, Options options);

  std::int64_t num_rows() const noexcept { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t num_valid() const noexcept { return num_valid_; }
  std::int64_t budget() const noexcept { return budget_; }
  bool is_relaxed() const noexcept { return relaxed_; }
  CostRow row(std::int64_t slot) const { return rows_[static_cast<std::size_t>(slot)]; }

  /// The objective, exactly: in units of 2^-40 / total_units().
  Int128 exact_value() const noexcept { return exact_value_; }
  std::int64_t total_units() const noexcept { return num_valid_ * column_units_; }  ///< lcm(n, M)
  double value() const noexcept;
  /// x (num_rows) and y (M). Relaxed: y is shifted so that unused rows have x = 0 and all x <= 0; x of forbidden rows means nothing.
  std::vector<double> row_dual() const;
  std::vector<double> column_dual() const;
  /// What a row ships to columns, in units; row_units() is all it can.
  std::int64_t shipped(std::int64_t slot) const { return shipped_[static_cast<std::size_t>(slot)]; }
  std::int64_t row_units() const noexcept { return row_units_; }
  struct Flow {
    std::int64_t slot, column, units;
  };
  /// All positive flows to columns, by column, then slot.
  std::vector<Flow> flows() const;

  /// Puts another row into a slot and solves again.
  void exchange(std::int64_t slot, CostRow row);
  /// Does so only if the value becomes strictly smaller; otherwise leaves no trace: tree, flows, potentials, lists and cursor are as before.
  bool exchange_if_better(std::int64_t slot, CostRow row);
  /// Whether it would; leaves no trace either way.
  bool is_better(std::int64_t slot, CostRow row);

  /// Relaxed only. New rows get slots num_rows(), num_rows() + 1, ...; they are unused until solve_again().
  void add_rows(std::span<const CostRow> rows);
  /// Nothing may be shipped from these slots; at least `budget` rows must stay allowed.
  void forbid(std::span<const std::int64_t> slots);
  bool is_forbidden(std::int64_t slot) const { return dummy_cost_[static_cast<std::size_t>(slot)] != 0; }
  void solve_again();
  /// When all but `budget` rows are forbidden: their plain transport, slots in the order of theirs here. Solves from the flows at hand.
  Transport of_allowed() const;

  std::int64_t pivots() const noexcept { return pivots_; }  ///< since the first solve
  std::int64_t sweeps() const noexcept { return sweeps_; }

  /// Everything but the rows' costs, so that a transport restored with the same rows goes on identically.
  std::string save() const;
  static Transport restore(std::vector<CostRow> rows, const std::string& bytes);

 private:
  using Node = SpanningTree::Node;
  bool uses_dummy() const { return relaxed_ && tree_.parent(dummy()) != SpanningTree::kNone; }
  struct ForestArc {
    std::int64_t slot;
    Node column;
    std::int64_t units;
  };

  static constexpr Int128 kNoLimit = Int128{1} << 126;

  Transport() = default;
  static Transport prepare(std::vector<CostRow> rows, std::int64_t num_valid, std::int64_t budget, bool relaxed, Options options);

  // nodes: columns 0 .. M-1, the dummy column M, the root M + 1, rows from M + 2 on
  Node dummy() const noexcept { return static_cast<Node>(num_valid_); }
  Node first_row() const noexcept { return static_cast<Node>(num_valid_ + 2); }
  Node row_node(std::int64_t slot) const noexcept { return static_cast<Node>(num_valid_ + 2 + slot); }
  std::int64_t slot_of(Node row) const noexcept { return row - first_row(); }
  bool is_row(Node x) const noexcept { return x >= first_row(); }
  std::span<const float> costs(std::int64_t slot) const { return {row(slot), static_cast<std::size_t>(num_valid_)}; }
  double cost(Node row, Node column) const;
  /// Of the arc between x and its parent; infinite capacity, cost nothing at the root.
  double parent_cost(Node x) const { return is_row(x) ? cost(x, tree_.parent(x)) : cost(tree_.parent(x), x); }
  std::span<const double> column_potentials() const { return {potential_.data(), static_cast<std::size_t>(num_valid_)}; }
  double& potential(Node x) { return potential_[static_cast<std::size_t>(x)]; }
  double potential(Node x) const { return potential_[static_cast<std::size_t>(x)]; }
  double dual_of(std::int64_t slot) const { return -potential(row_node(slot)); }

  // transport_cold_start.cpp
  std::vector<ForestArc> cheapest_first_forest() const;
  void grow_tree(const std::vector<ForestArc>& forest, bool keep_potentials);
  void build_lists(std::int64_t first_slot);

  // transport_pivot.cpp
  struct Arc {
    Node column;
    double reduced_cost;  ///< < 0: the objective falls when it enters
  };
  Arc most_violating(std::int64_t slot) const;
  void pivot(Node row, const Arc& entering);
  void shift(Node x, double by);
  bool optimise_lists();
  enum class Verdict : std::uint8_t { kOptimal, kHopeless, kUnknown };
  Verdict judge(Int128 limit);
  void list_violating(bool may_drop);
  void bind(std::int64_t slot, CostRow row);
  bool optimise(Int128 limit = kNoLimit);
  void sweep();

  // transport_exchange.cpp
  void settle_solver();
  bool try_exchange(std::int64_t slot, CostRow row, bool keep);
  bool exchange_below(std::int64_t slot, CostRow row, Int128 limit);
  bool exchange_by_pivots(std::int64_t slot, CostRow row, Int128 limit);
  bool exchange_by_paths(std::int64_t slot, CostRow row, Int128 limit);
  void shorten_lists();
  bool ship(std::int64_t slot, double detour, Int128 limit);
  Int128 dual_bound() const;

  // transport_certificate.cpp
  template <class Visit>
  void for_each_flow(Visit&& visit) const;
  void certify();
  void recentre();

  std::vector<CostRow> rows_;
  std::vector<double> dummy_cost_;  ///< 0, or kForbidden: cheaper to leave a unit than any arc
  std::int64_t num_valid_ = 0, budget_ = 0;
  bool relaxed_ = false;
  std::int32_t row_units_ = 0, column_units_ = 0;
  Options options_;

  SpanningTree tree_;  ///< the basis of the simplex
  FlowTable flows_;    ///< instead of the tree, where exchanges ship along paths
  ShortestPaths paths_;
  /// Columns: v. Rows: -u, so that a subtree shifts by one number. Reduced cost of an arc: C + potential(row) - potential(column).
  std::vector<double> potential_;
  CandidateLists lists_;
  std::int64_t cursor_ = 0;            ///< the slot that pricing looks at next
  std::vector<double> least_reduced_;  ///< (num_rows) of the last sweep
  std::vector<std::int64_t> shipped_;
  Int128 exact_value_ = 0;
  std::int64_t pivots_ = 0, sweeps_ = 0;
};

}  // namespace goracs::itra
