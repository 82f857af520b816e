#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "itra/column_potential.hpp"
#include "itra/cost_rows.hpp"
#include "itra/exchange_score.hpp"
#include "itra/inner_scores.hpp"
#include "itra/outer_ranking.hpp"

namespace goracs::itra {

/// How rows are scored and how many are kept (SPEC 6).
struct PruningRule {
  std::int64_t budget = 0;      ///< n
  std::int64_t candidates = 0;  ///< k
  OrderStatistic order_statistic = OrderStatistic::kSmallest;
  InnerPotential inner_potential = InnerPotential::kExcludeSelf;
};

/// The pairs worth trying: rows of the coreset to give up, highest F first, and pool rows to take in, lowest F first (ties: lower row).
struct Candidates {
  std::vector<RowWithScore> inner, outer;
};

/// Finds the candidates of one exchange after the other, the same on every rank. Each rank scores its rows:
///   k = 2:   rank 0: 3:0.1 5:0.4   rank 1: 7:0.2 8:0.3   ->   3:0.1 7:0.2 on every rank
class Pruning {
 public:
  /// `cost` and `world` must live on. lazy false: a full scan each time, for comparison.
  Pruning(const CostRows& cost, const PruningRule& rule, Communicator& world, bool lazy = true);

  /// For the coreset (n pool rows) with cost rows (n) and duals x (n), multiples of 2^-40; they need not be optimal. Collective.
  Candidates candidates(std::span<const std::int64_t> coreset, std::span<const float* const> costs, std::span<const double> row_dual);

  /// The same at the optimum of the coreset's transport, whose column duals are f; faster. Collective.
  Candidates candidates(std::span<const std::int64_t> coreset, std::span<const float* const> costs, std::span<const double> row_dual,
                        std::span<const double> column_dual);

  const ExchangeScore& score() const noexcept { return score_; }
  std::int64_t rows_read() const noexcept { return outer_->rows_read(); }  ///< by this rank

 private:
  std::vector<RowWithScore> best_outer(std::span<const std::int64_t> coreset, std::span<const double> column_potential);

  const CostRows& cost_;
  PruningRule rule_;
  Communicator& world_;
  ExchangeScore score_;
  std::unique_ptr<OuterRanking> outer_;
  CoresetColumns columns_;
};

}  // namespace goracs::itra
