#include "itra/pruning.hpp"

#include <algorithm>

namespace goracs::itra {

Pruning::Pruning(const CostRows& cost, const PruningRule& rule, Communicator& world, bool lazy)
    : cost_(cost),
      rule_(rule),
      world_(world),
      score_(rule.order_statistic, cost.num_valid(), rule.budget),
      outer_(cost.kernels().outer_ranking(cost, score_, lazy)) {}

Candidates Pruning::candidates(std::span<const std::int64_t> coreset, std::span<const float* const> costs,
                               std::span<const double> row_dual) {
  const ColumnPotential potential = ColumnPotential::of(costs, row_dual, cost_.num_valid());
  const std::vector<Int128> scores = inner_scores(costs, potential, score_, rule_.inner_potential, world_);
  Candidates candidates;
  for (std::size_t slot = 0; slot < coreset.size(); ++slot) candidates.inner.push_back({scores[slot], coreset[slot]});
  const auto kept = static_cast<std::ptrdiff_t>(std::min(rule_.candidates, rule_.budget));
  std::partial_sort(candidates.inner.begin(), candidates.inner.begin() + kept, candidates.inner.end(), is_larger);
  candidates.inner.resize(static_cast<std::size_t>(kept));
  candidates.outer = best_outer(coreset, potential.first);
  return candidates;
}

Candidates Pruning::candidates(std::span<const std::int64_t> coreset, std::span<const float* const> costs, std::span<const double> row_dual,
                               std::span<const double> column_dual) {
  if (rule_.order_statistic == OrderStatistic::kReference) return candidates(coreset, costs, row_dual);
  if (rule_.inner_potential == InnerPotential::kExcludeSelf && coreset.size() > 1) columns_.assign(coreset, costs, cost_.num_valid());
  Candidates candidates;
  candidates.inner = largest_inner_scores(coreset, costs, columns_, row_dual, column_dual, score_, rule_.inner_potential,
                                          std::min(rule_.candidates, rule_.budget));
  candidates.outer = best_outer(coreset, column_dual);
  return candidates;
}

std::vector<RowWithScore> Pruning::best_outer(std::span<const std::int64_t> coreset, std::span<const double> column_potential) {
  std::vector<char> in_coreset(static_cast<std::size_t>(cost_.rows().size()), 0);
  for (const std::int64_t row : coreset)
    if (cost_.rows().contains(row)) in_coreset[static_cast<std::size_t>(row - cost_.rows().begin)] = 1;
  const std::int64_t wanted = std::min(rule_.candidates, cost_.num_train() - rule_.budget);
  std::vector<RowWithScore> own = outer_->best(column_potential, in_coreset, wanted);
  // scores and rows apart: together they would have padding
  std::vector<Int128> scores;
  std::vector<std::int64_t> rows;
  for (const RowWithScore& candidate : own) {
    scores.push_back(candidate.score);
    rows.push_back(candidate.row);
  }
  scores = world_.all_gather(std::span<const Int128>(scores));
  rows = world_.all_gather(std::span<const std::int64_t>(rows));
  std::vector<RowWithScore> all;
  for (std::size_t q = 0; q < rows.size(); ++q) all.push_back({scores[q], rows[q]});
  std::sort(all.begin(), all.end());
  all.resize(static_cast<std::size_t>(wanted));
  return all;
}

}  // namespace goracs::itra
