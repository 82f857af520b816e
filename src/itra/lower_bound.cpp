#include "itra/lower_bound.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "itra/exact_cost.hpp"

namespace goracs::itra {
namespace {

/// Leaves the `count` lowest rows, ascending; returns the smallest score of the others.
std::int64_t keep_lowest(std::vector<RowScore>& rows, std::int64_t count) {
  const auto keep = std::min(static_cast<std::size_t>(count), rows.size());
  std::nth_element(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(keep), rows.end());
  std::int64_t next = LowerBound::kDropped;
  for (std::size_t k = keep; k < rows.size(); ++k) next = std::min(next, rows[k].score);
  rows.resize(keep);
  std::sort(rows.begin(), rows.end());
  return next;
}

}  // namespace

LowerBound::LowerBound(const CostRows& cost, std::int64_t budget, Communicator& world)
    : cost_(cost), budget_(budget), world_(world), tight_(cost.num_valid(), budget) {
  const auto rows = static_cast<std::size_t>(cost.rows().size());
  point_.row_score.assign(rows, 0);
  is_exact_.assign(rows, 0);
}

const DualPoint& LowerBound::evaluate(std::span<const double> column_dual) {
  tight_.assign(column_dual);
  lower_scores();
  const std::int64_t enough = score_last_lowest();

  std::vector<std::int64_t> candidates;
  for (std::int64_t i_lc = 0; i_lc < cost_.rows().size(); ++i_lc) {
    const auto k = static_cast<std::size_t>(i_lc);
    if (!is_exact_[k] && point_.row_score[k] <= enough && point_.row_score[k] != kDropped) candidates.push_back(i_lc);
  }
  score_rows(candidates);

  select_lowest();
  sum_up();
  return point_;
}

/// Turns the scores of the last duals into lower bounds at the present ones; without last duals all bounds are trivial.
void LowerBound::lower_scores() {
  const auto units = tight_.dual_units();
  std::fill(is_exact_.begin(), is_exact_.end(), 0);
  if (!last_dual_units_.empty()) {
    std::vector<std::int64_t> rise(units.size());
    std::transform(units.begin(), units.end(), last_dual_units_.begin(), rise.begin(), std::minus<>());
    const std::int64_t fall = tight_.most_fall(rise);
    for (std::int64_t& score : point_.row_score)
      if (score != kDropped) score -= fall;
  }
  last_dual_units_.assign(units.begin(), units.end());
}

void LowerBound::score_rows(std::span<const std::int64_t> local_rows) {
  rows_scored_ += static_cast<std::int64_t>(local_rows.size());
  std::vector<std::int64_t> scores(local_rows.size());
  cost_.kernels().tight_scores(cost_.block(), local_rows, tight_, scores);
  for (std::size_t k = 0; k < local_rows.size(); ++k) {
    const auto i_lc = static_cast<std::size_t>(local_rows[k]);
    point_.row_score[i_lc] = scores[k];
    is_exact_[i_lc] = 1;
  }
}

/// Scores the rows that were lowest at the last duals. The n-th lowest score now is at most the largest of theirs, which is returned.
std::int64_t LowerBound::score_last_lowest() {
  if (point_.lowest.empty()) return kDropped;
  const std::vector<std::int64_t> mine = own_lowest();
  score_rows(mine);
  std::int64_t largest = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t i_lc : mine) largest = std::max(largest, point_.row_score[static_cast<std::size_t>(i_lc)]);
  return world_.all_reduce(largest, ReduceOp::kMax);
}

/// Those of the lowest rows that are here, counted from the first one here.
std::vector<std::int64_t> LowerBound::own_lowest() const {
  std::vector<std::int64_t> own;
  for (const RowScore& lowest : point_.lowest)
    if (cost_.rows().contains(lowest.row)) own.push_back(lowest.row - cost_.rows().begin);
  return own;
}

void LowerBound::select_lowest() {
  std::vector<RowScore> rows;
  for (std::size_t k = 0; k < point_.row_score.size(); ++k)
    if (is_exact_[k] && point_.row_score[k] != kDropped)
      rows.push_back({point_.row_score[k], cost_.rows().begin + static_cast<std::int64_t>(k)});
  std::int64_t next = keep_lowest(rows, budget_);
  for (std::size_t k = 0; k < point_.row_score.size(); ++k)
    if (!is_exact_[k]) next = std::min(next, point_.row_score[k]);
  next = world_.all_reduce(next, ReduceOp::kMin);
  point_.lowest = world_.all_gather(std::span<const RowScore>(rows));
  point_.next_score = std::min(next, keep_lowest(point_.lowest, budget_));
}

std::vector<RowScore> LowerBound::lowest_rows(std::int64_t count) const {
  std::vector<RowScore> rows;
  for (std::size_t k = 0; k < point_.row_score.size(); ++k)
    rows.push_back({point_.row_score[k], cost_.rows().begin + static_cast<std::int64_t>(k)});
  keep_lowest(rows, count);
  std::vector<RowScore> all = world_.all_gather(std::span<const RowScore>(rows));
  keep_lowest(all, count);
  return all;
}

void LowerBound::sum_up() {
  point_.bound_units = 0;
  for (const std::int64_t units : tight_.dual_units()) point_.bound_units += static_cast<Int128>(budget_) * units;
  for (const RowScore& lowest : point_.lowest) point_.bound_units += lowest.score;
  point_.bound = static_cast<double>(point_.bound_units) / kUnitsPerOne / static_cast<double>(budget_ * cost_.num_valid());

  std::vector<std::int64_t> taken(static_cast<std::size_t>(cost_.num_valid()), 0);
  cost_.kernels().add_taken(cost_.block(), own_lowest(), tight_, taken);
  world_.all_reduce(std::span<std::int64_t>(taken), ReduceOp::kSum);
  point_.supergradient.resize(taken.size());
  std::transform(taken.begin(), taken.end(), point_.supergradient.begin(), [this](std::int64_t units) { return budget_ - units; });
}

void LowerBound::drop(std::span<const std::int64_t> local_rows) {
  for (const std::int64_t i_lc : local_rows) point_.row_score[static_cast<std::size_t>(i_lc)] = kDropped;
}

double lower_bound(const CostRows& cost, std::int64_t budget, std::span<const double> column_dual, Communicator& world) {
  return LowerBound(cost, budget, world).evaluate(column_dual).bound;
}

}  // namespace goracs::itra
