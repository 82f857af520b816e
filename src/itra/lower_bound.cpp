#include "itra/lower_bound.hpp"

#include <algorithm>
#include <cmath>
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

void LowerBound::cut(RoundingCuts cuts) {
  cuts_ = std::move(cuts);
  last_price_units_.assign(static_cast<std::size_t>(cuts_.size()), 0);
}

void LowerBound::assign(std::span<const double> dual) {
  const auto columns = static_cast<std::size_t>(cost_.num_valid());
  tight_.assign(dual.first(columns));
  price_units_.clear();
  for (const double price : dual.subspan(columns)) price_units_.push_back(std::llrint(std::max(price, 0.0) * kUnitsPerOne));
}

template <class Visit>
void LowerBound::by_cut(std::span<const std::int64_t> local_rows, Visit&& visit) {
  if (cuts_.size() == 0) return visit(RoundingCuts::kNone, local_rows);
  std::vector<std::pair<std::int32_t, std::int64_t>> rows;
  for (const std::int64_t i_lc : local_rows) rows.emplace_back(cuts_.cut_of_row(cost_.rows().begin + i_lc), i_lc);
  std::sort(rows.begin(), rows.end());
  std::vector<std::int64_t> same;
  for (std::size_t begin = 0; begin < rows.size(); begin += same.size()) {
    const std::int32_t cut = rows[begin].first;
    same.clear();
    for (std::size_t k = begin; k < rows.size() && rows[k].first == cut; ++k) same.push_back(rows[k].second);
    const std::int64_t price = cut == RoundingCuts::kNone ? 0 : price_units_[static_cast<std::size_t>(cut)];
    if (price != 0) tight_.lower(cuts_[cut].columns, price);
    visit(cut, same);
    if (price != 0) tight_.lower(cuts_[cut].columns, -price);
  }
}

const DualPoint& LowerBound::evaluate(std::span<const double> dual) {
  assign(dual);
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
    // within a group the duals rise as its price falls; rows elsewhere do not see that
    std::vector<std::int64_t> paid(static_cast<std::size_t>(cuts_.size()), 0);
    for (std::int64_t cut = 0; cut < cuts_.size(); ++cut) {
      const std::int64_t dearer = price_units_[static_cast<std::size_t>(cut)] - last_price_units_[static_cast<std::size_t>(cut)];
      if (dearer > 0)
        paid[static_cast<std::size_t>(cut)] = dearer * cuts_[cut].a_row;
      else
        for (const std::int32_t j : cuts_[cut].columns) rise[static_cast<std::size_t>(j)] -= dearer;
    }
    const std::int64_t fall = tight_.most_fall(rise);
    for (std::size_t k = 0; k < point_.row_score.size(); ++k) {
      std::int64_t& score = point_.row_score[k];
      if (score == kDropped) continue;
      const std::int32_t cut = cuts_.cut_of_row(cost_.rows().begin + static_cast<std::int64_t>(k));
      score -= fall + (cut == RoundingCuts::kNone ? 0 : paid[static_cast<std::size_t>(cut)]);
    }
  }
  last_dual_units_.assign(units.begin(), units.end());
  last_price_units_ = price_units_;
}

void LowerBound::score_rows(std::span<const std::int64_t> local_rows) {
  rows_scored_ += static_cast<std::int64_t>(local_rows.size());
  by_cut(local_rows, [&](std::int32_t cut, std::span<const std::int64_t> rows) {
    std::vector<std::int64_t> scores(rows.size());
    cost_.kernels().tight_scores(cost_.block(), rows, tight_, scores);
    const std::int64_t paid = cut == RoundingCuts::kNone ? 0 : price_units_[static_cast<std::size_t>(cut)] * cuts_[cut].a_row;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const auto i_lc = static_cast<std::size_t>(rows[k]);
      point_.row_score[i_lc] = scores[k] - paid;
      is_exact_[i_lc] = 1;
    }
  });
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
  for (std::int64_t cut = 0; cut < cuts_.size(); ++cut)
    point_.bound_units -= static_cast<Int128>(price_units_[static_cast<std::size_t>(cut)]) * cuts_[cut].fixed;
  for (const RowScore& lowest : point_.lowest) point_.bound_units += lowest.score;
  point_.bound = static_cast<double>(point_.bound_units) / kUnitsPerOne / static_cast<double>(budget_ * cost_.num_valid());

  const auto columns = static_cast<std::size_t>(cost_.num_valid());
  std::vector<std::int64_t> all(columns + static_cast<std::size_t>(cuts_.size()), 0);
  const auto taken = std::span(all).first(columns), beyond = std::span(all).subspan(columns);
  by_cut(own_lowest(), [&](std::int32_t cut, std::span<const std::int64_t> rows) {
    const auto shipped_within = [&] {
      std::int64_t sum = 0;
      for (const std::int32_t j : cuts_[cut].columns) sum += taken[static_cast<std::size_t>(j)];
      return sum;
    };
    const std::int64_t by_others = cut == RoundingCuts::kNone ? 0 : shipped_within();
    cost_.kernels().add_taken(cost_.block(), rows, tight_, taken);
    if (cut != RoundingCuts::kNone)
      beyond[static_cast<std::size_t>(cut)] = shipped_within() - by_others - static_cast<std::int64_t>(rows.size()) * cuts_[cut].a_row;
  });
  world_.all_reduce(std::span<std::int64_t>(all), ReduceOp::kSum);
  for (std::int64_t& units : taken) units = budget_ - units;
  for (std::int64_t cut = 0; cut < cuts_.size(); ++cut) beyond[static_cast<std::size_t>(cut)] -= cuts_[cut].fixed;
  point_.supergradient = std::move(all);
}

void LowerBound::drop(std::span<const std::int64_t> local_rows) {
  for (const std::int64_t i_lc : local_rows) point_.row_score[static_cast<std::size_t>(i_lc)] = kDropped;
}

double lower_bound(const CostRows& cost, std::int64_t budget, std::span<const double> column_dual, Communicator& world) {
  return LowerBound(cost, budget, world).evaluate(column_dual).bound;
}

}  // namespace goracs::itra
