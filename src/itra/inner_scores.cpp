#include "itra/inner_scores.hpp"

#include <algorithm>
#include <cmath>

#include "comm/row_block.hpp"
#include "itra/exact_cost.hpp"
#include "kernels/reduced_cost.hpp"

namespace goracs::itra {
namespace {

using cpu::LowestDifferences;

/// The columns of each slot, one slot after the other.
struct OwnedColumns {
  std::vector<std::int32_t> begin, column;

  OwnedColumns(const std::vector<std::int32_t>& owner, std::size_t slots) : begin(slots + 1, 0), column(owner.size()) {
    for (const std::int32_t slot : owner) ++begin[static_cast<std::size_t>(slot) + 1];
    for (std::size_t slot = 0; slot < slots; ++slot) begin[slot + 1] += begin[slot];
    std::vector<std::int32_t> end(begin);
    for (std::size_t j = 0; j < owner.size(); ++j)
      column[static_cast<std::size_t>(end[static_cast<std::size_t>(owner[j])]++)] = static_cast<std::int32_t>(j);
  }
  std::span<const std::int32_t> of(std::size_t slot) const {
    return std::span(column).subspan(static_cast<std::size_t>(begin[slot]), static_cast<std::size_t>(begin[slot + 1] - begin[slot]));
  }
};

/// Of one slot: the R lowest e_j, and the sum of all d_j, at the potential that leaves the slot's own columns to the second best row.
class SelfExcluded {
 public:
  SelfExcluded(const ColumnPotential& potential, const ExchangeScore& score, const LowestDifferences& differences, std::size_t slots)
      : potential_(potential), score_(score), differences_(differences), owned_(potential.owner, slots) {}

  /// d_j falls in owned columns, so the R lowest are among the R lowest before and the owned ones.
  void lower(std::size_t slot, std::span<const float> cost, LowestDifferences::Workspace& workspace) const {
    differences_.find(cost, workspace);
    auto& lowest = workspace.lowest;
    const auto slot_number = static_cast<std::int32_t>(slot);
    std::erase_if(lowest, [&](const auto& entry) { return potential_.owner[static_cast<std::size_t>(entry.column)] == slot_number; });
    for (const std::int32_t j : owned_.of(slot)) lowest.push_back({difference(cost, j), j});
    keep_lowest(lowest);
  }
  /// e_j = -d_j rises in owned columns: any column may be among the lowest.
  void raise(std::size_t slot, std::span<const float> cost, LowestDifferences::Workspace& workspace) const {
    auto& lowest = workspace.lowest;
    lowest.clear();
    for (std::size_t j = 0; j < cost.size(); ++j)
      lowest.push_back({differences_.value(cost[j], static_cast<std::int64_t>(j)), static_cast<std::int32_t>(j)});
    for (const std::int32_t j : owned_.of(slot)) lowest[static_cast<std::size_t>(j)].value = -difference(cost, j);
    keep_lowest(lowest);
  }
  Int128 sum_of_second_less_first(std::size_t slot) const {
    Int128 sum = 0;
    for (const std::int32_t j : owned_.of(slot))
      sum += exact_units(potential_.second[static_cast<std::size_t>(j)] - potential_.first[static_cast<std::size_t>(j)]);
    return sum;
  }

 private:
  double difference(std::span<const float> cost, std::int32_t j) const {
    return static_cast<double>(cost[static_cast<std::size_t>(j)]) - potential_.second[static_cast<std::size_t>(j)];
  }
  void keep_lowest(std::vector<LowestDifferences::Entry>& lowest) const {
    std::nth_element(lowest.begin(), lowest.begin() + (score_.top_r() - 1), lowest.end());
    lowest.resize(static_cast<std::size_t>(score_.top_r()));
  }

  const ColumnPotential& potential_;
  const ExchangeScore& score_;
  const LowestDifferences& differences_;
  OwnedColumns owned_;
};

Int128 sum_of_differences(std::span<const float> cost, const ColumnPotential& potential) {
  Int128 sum = 0;
  for (std::size_t j = 0; j < cost.size(); ++j) sum += exact_units(static_cast<double>(cost[j]) - potential.first[j]);
  return sum;
}

/// Rows scored together before the smallest of the largest is looked at again.
constexpr std::size_t kScoredAtOnce = 64;

/// F of one row at the optimum, leaving itself out: only columns that it is tight in see another potential.
Int128 score_without_self(std::int64_t slot, std::span<const float> cost, const CoresetColumns& columns, std::span<const double> row_dual,
                          const LowestDifferences& differences, const ExchangeScore& score, LowestDifferences::Workspace& workspace) {
  const double dual = row_dual[static_cast<std::size_t>(slot)];
  std::vector<std::int32_t> tight;
  cpu::columns_below(cost, differences.potential(), std::nextafter(dual, HUGE_VAL), tight);
  differences.find(cost, workspace);
  auto& lowest = workspace.lowest;
  std::erase_if(lowest, [&](const auto& entry) { return entry.value <= dual; });
  for (const std::int32_t j : tight) {
    const double other = columns.least_without(j, slot, row_dual);
    lowest.push_back({static_cast<double>(cost[static_cast<std::size_t>(j)]) - other, j});
  }
  std::nth_element(lowest.begin(), lowest.begin() + (score.top_r() - 1), lowest.end());
  return score.of(std::span(lowest).first(static_cast<std::size_t>(score.top_r())), 0);
}

}  // namespace

std::vector<RowWithScore> largest_inner_scores(std::span<const std::int64_t> coreset, std::span<const float* const> costs,
                                               const CoresetColumns& columns, std::span<const double> row_dual,
                                               std::span<const double> column_dual, const ExchangeScore& score,
                                               InnerPotential inner_potential, std::int64_t count) {
  struct Bound {
    RowWithScore at_most;
    std::int64_t slot;
  };
  std::vector<Bound> bounds;
  for (std::size_t slot = 0; slot < coreset.size(); ++slot)
    bounds.push_back({{score.of_constant(row_dual[slot]), coreset[slot]}, static_cast<std::int64_t>(slot)});
  std::sort(bounds.begin(), bounds.end(), [](const Bound& a, const Bound& b) { return is_larger(a.at_most, b.at_most); });
  const bool is_exact = inner_potential == InnerPotential::kReference || coreset.size() == 1;
  LowestDifferences differences(score.top_r(), score.sign());
  differences.assign(column_dual);
  std::vector<RowWithScore> largest;
  const auto kept = static_cast<std::size_t>(count);
  for (std::size_t begin = 0; begin < bounds.size(); begin += kScoredAtOnce) {
    if (largest.size() >= kept && !is_larger(bounds[begin].at_most, largest[kept - 1])) break;
    const std::size_t end = std::min(begin + kScoredAtOnce, bounds.size());
    largest.resize(largest.size() + (end - begin));
    const std::span<RowWithScore> scored(largest.end() - static_cast<std::ptrdiff_t>(end - begin), largest.end());
#pragma omp parallel
    {
      LowestDifferences::Workspace workspace;
#pragma omp for schedule(static)
      for (std::size_t p = begin; p < end; ++p) {
        RowWithScore& row = scored[p - begin] = bounds[p].at_most;
        const std::span<const float> cost(costs[static_cast<std::size_t>(bounds[p].slot)], column_dual.size());
        if (!is_exact) row.score = score_without_self(bounds[p].slot, cost, columns, row_dual, differences, score, workspace);
      }
    }
    std::sort(largest.begin(), largest.end(), is_larger);
    largest.resize(std::min(kept, largest.size()));
  }
  return largest;
}

std::vector<Int128> inner_scores(std::span<const float* const> costs, const ColumnPotential& potential, const ExchangeScore& score,
                                 InnerPotential inner_potential, Communicator& world) {
  const bool reference = score.statistic() == OrderStatistic::kReference;
  LowestDifferences differences(score.top_r(), score.sign());
  differences.assign(potential.first);
  const SelfExcluded excluded(potential, score, differences, costs.size());
  const RowBlock own = RowBlock::of(static_cast<std::int64_t>(costs.size()), world.rank(), world.size());
  std::vector<Int128> scores(static_cast<std::size_t>(own.size()));
#pragma omp parallel
  {
    LowestDifferences::Workspace workspace;
#pragma omp for schedule(static)
    for (std::int64_t i = own.begin; i < own.end; ++i) {
      const auto slot = static_cast<std::size_t>(i);
      const std::span<const float> cost(costs[slot], potential.first.size());
      Int128 sum = reference ? sum_of_differences(cost, potential) : 0;
      if (inner_potential == InnerPotential::kReference) {
        differences.find(cost, workspace);
      } else if (reference) {
        excluded.raise(slot, cost, workspace);
        sum -= excluded.sum_of_second_less_first(slot);
      } else {
        excluded.lower(slot, cost, workspace);
      }
      scores[static_cast<std::size_t>(i - own.begin)] = score.of(workspace.lowest, sum);
    }
  }
  return world.all_gather(std::span<const Int128>(scores));
}

}  // namespace goracs::itra
