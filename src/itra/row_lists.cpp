#include "itra/row_lists.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "itra/exact_cost.hpp"
#include "kernels/sum_below.hpp"

namespace goracs::itra {
namespace {

using Entry = cpu::LowestDifferences::Entry;

constexpr std::int64_t kShortestList = 32;
/// Beyond this many entries a list is no shorter work than its row.
constexpr std::int64_t kLongestList = 256;
/// Room in a list for columns whose e fell.
constexpr std::int64_t kSpare = 16;
/// Fallen columns of a potential: each is a scattered read in a row that is looked at, and the fewer they are, the more rows have to be read.
constexpr std::size_t kFallen = 48;
/// Of all potentials that a row has missed: looking at more takes as long as reading it.
constexpr std::size_t kMostFallen = 192;
/// Until then sums of falls, and bases with them, are exact.
constexpr double kLargestFall = kLargestPotential / 8;
/// Below every F.
constexpr Int128 kUnknown = -(Int128{1} << 126);
constexpr float kNoCost = std::numeric_limits<float>::infinity();

std::int64_t list_length(std::int64_t top_r) { return std::max(kShortestList, 2 * top_r); }

std::int64_t padded(std::int64_t length) { return (length + cpu::kSumBelowLanes - 1) / cpu::kSumBelowLanes * cpu::kSumBelowLanes; }

bool lists_pay(const ExchangeScore& score, std::int64_t num_valid) {
  // for one row, F of the reference is no bound when entries are lowered
  return list_length(score.top_r()) <= std::min(kLongestList, num_valid / 2) && score.top_r() < num_valid;
}

/// The R-th lowest comes last.
void keep_lowest(std::vector<Entry>& entries, std::int64_t top_r) {
  std::nth_element(entries.begin(), entries.begin() + (top_r - 1), entries.end());
  entries.resize(static_cast<std::size_t>(top_r));
}

}  // namespace

RowLists::RowLists(const CostRows& cost, const ExchangeScore& score, bool lazy)
    : cost_(cost),
      score_(score),
      lazy_(lazy && lists_pay(score, cost.num_valid())),
      capacity_(padded(list_length(score.top_r()) + kSpare)),
      differences_(lazy_ ? list_length(score.top_r()) : score.top_r(), score.sign()) {
  const auto rows = static_cast<std::size_t>(cost.rows().size());
  if (lazy_) {
    rows_.resize(rows);
    cost_of_.resize(rows * static_cast<std::size_t>(capacity_));
    column_of_.resize(rows * static_cast<std::size_t>(capacity_));
  }
  if (score.statistic() == OrderStatistic::kReference) {
    cost_sum_.resize(rows);
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < cost_.rows().size(); ++i) {
      std::int64_t sum = 0;
      for (const float c : cost_.row(i)) sum += exact_units(static_cast<double>(c));
      cost_sum_[static_cast<std::size_t>(i)] = sum;
    }
  }
}

bool RowLists::move_potential(std::span<const double> column_potential) {
  const bool known = lazy_ && potential_ >= 0 && std::max(most_, std::abs(rest_)) < kLargestFall;
  if (known)
    note_fallen(column_potential);
  else
    start_again(column_potential);
  double largest = 0;
  potential_sum_ = 0;
  for (const double f : differences_.potential()) {
    potential_sum_ += exact_units(f);
    largest = std::max(largest, std::abs(f));
  }
  // a sum of at most 2^9 differences, each rounded by 2^-53 of its size, over more columns than that; then a few roundings of F itself
  margin_ = 0x1p-40 * (1 + largest);
  return known;
}

void RowLists::start_again(std::span<const double> column_potential) {
  shift_ = most_ = rest_ = 0;
  potential_ = 0;
  fallen_since_.clear();
  differences_.assign(column_potential);
}

void RowLists::note_fallen(std::span<const double> column_potential) {
  const auto cols = column_potential.size();
  const double sign = score_.sign();
  // e falls where sign * f rises
  std::vector<double> rise(cols);
  for (std::size_t j = 0; j < cols; ++j) rise[j] = sign * (column_potential[j] - differences_.potential()[j]);
  std::vector<double> sorted(rise);
  const auto place = static_cast<std::ptrdiff_t>(std::min(kFallen, cols) - 1), middle = static_cast<std::ptrdiff_t>(cols / 2);
  std::nth_element(sorted.begin(), sorted.begin() + place, sorted.end(), std::greater<>());
  const double rest = sorted[static_cast<std::size_t>(place)], most = *std::max_element(sorted.begin(), sorted.begin() + place + 1);
  // what most columns moved by is taken off, so that the y of most rows stay where they were
  std::nth_element(sorted.begin(), sorted.begin() + middle, sorted.end(), std::greater<>());
  const double median = sorted[static_cast<std::size_t>(middle)];
  shift_ = sign * median;
  most_ += most - median;
  rest_ += rest - median;
  ++potential_;
  std::vector<double> moved(column_potential.begin(), column_potential.end());
  std::vector<std::int32_t> fallen;
  for (std::size_t j = 0; j < cols; ++j) {
    moved[j] -= shift_;
    if (rise[j] > rest) fallen.push_back(static_cast<std::int32_t>(j));
  }
  differences_.assign(moved);
  // in front of those before, which are forgotten where there are too many
  std::vector<std::size_t> since = {fallen.size()};
  for (std::size_t p = 0, at = 0; p < fallen_since_.size() && fallen.size() <= kMostFallen; ++p) {
    for (; at < fallen_since_[p]; ++at)
      if (!(rise[static_cast<std::size_t>(fallen_[at])] > rest)) fallen.push_back(fallen_[at]);
    since.push_back(fallen.size());
  }
  fallen_ = std::move(fallen);
  fallen_since_ = std::move(since);
}

bool RowLists::can_be_at_most(std::int64_t row, double limit) {
  if (score_.statistic() == OrderStatistic::kReference) return true;
  Row& known = rows_[static_cast<std::size_t>(row)];
  const double fall = score_.value_at(0, most_);
  if (known.at_least - fall - margin_ > limit) return false;
  const double level = std::min(known.level, known.base_most - most_);
  const auto begin = static_cast<std::size_t>(row * capacity_), length = static_cast<std::size_t>(padded(known.length));
  const double sum = cpu::sum_below(std::span(cost_of_).subspan(begin, length), std::span(column_of_).subspan(begin, length),
                                    differences_.potential(), level);
  known.at_least = std::max(known.at_least, score_.value_at(sum, level) + fall);
  return known.at_least - fall - margin_ <= limit;
}

void RowLists::look_at(std::int64_t row, std::int32_t column, double& base) {
  const float cost = cost_.row(row)[static_cast<std::size_t>(column)];
  const double value = differences_.value(cost, column);
  if (value >= base) return;
  std::int32_t& length = rows_[static_cast<std::size_t>(row)].length;
  float* costs = cost_of_.data() + row * capacity_;
  std::int32_t* columns = column_of_.data() + row * capacity_;
  if (std::find(columns, columns + length, column) != columns + length) return;
  if (length == capacity_) {
    base = value;
    return;
  }
  costs[length] = cost;
  columns[length++] = column;
}

void RowLists::know_base(Row& row, double base) const {
  row.base_most = base + most_;
  row.base_rest = base + rest_;
  row.seen = potential_;
}

RowLists::Bound RowLists::bound(std::int64_t row, Workspace& workspace) {
  Row& known_row = rows_[static_cast<std::size_t>(row)];
  const auto missed = static_cast<std::size_t>(potential_ - known_row.seen);
  if (missed > fallen_since_.size()) return {kUnknown, row, false};
  double base = known_row.base_rest - rest_;
  if (missed > 0)
    for (const std::int32_t column : std::span(fallen_).first(fallen_since_[missed - 1])) look_at(row, column, base);
  know_base(known_row, base);
  auto& lowest = workspace.lowest;
  lowest.clear();
  const auto begin = static_cast<std::size_t>(row * capacity_);
  for (std::size_t p = begin; p < begin + static_cast<std::size_t>(known_row.length); ++p) {
    const double value = differences_.value(cost_of_[p], column_of_[p]);
    if (value <= base) lowest.push_back({value, column_of_[p]});
  }
  const auto top_r = static_cast<std::size_t>(score_.top_r());
  const bool exact = lowest.size() >= top_r;
  if (!exact) lowest.resize(top_r, {base, 0});
  keep_lowest(lowest, score_.top_r());
  return known(row, lowest, exact);
}

RowLists::Bound RowLists::read(std::int64_t row, Workspace& workspace) {
  const std::span<const float> cost = cost_.row(row);
  differences_.find(cost, workspace);
  auto& lowest = workspace.lowest;
  if (lazy_) {
    Row& known_row = rows_[static_cast<std::size_t>(row)];
    known_row.length = static_cast<std::int32_t>(lowest.size());
    know_base(known_row, lowest.back().value);
    float* costs = cost_of_.data() + row * capacity_;
    std::int32_t* columns = column_of_.data() + row * capacity_;
    std::fill_n(costs, capacity_, kNoCost);
    std::fill_n(columns, capacity_, 0);
    for (const Entry& entry : lowest) {
      *costs++ = cost[static_cast<std::size_t>(entry.column)];
      *columns++ = entry.column;
    }
  }
  keep_lowest(lowest, score_.top_r());
  return known(row, lowest, true);
}

RowLists::Bound RowLists::known(std::int64_t row, std::span<const Entry> lowest, bool exact) {
  const Int128 score = score_.of(lowest, sum_difference(row));
  if (lazy_) {
    Row& known_row = rows_[static_cast<std::size_t>(row)];
    known_row.level = lowest.back().value;
    known_row.at_least = score_.value(score) + score_.value_at(0, most_);
  }
  return {score, row, exact};
}

Int128 RowLists::sum_difference(std::int64_t row) const {
  return cost_sum_.empty() ? Int128{0} : cost_sum_[static_cast<std::size_t>(row)] - potential_sum_;
}

}  // namespace goracs::itra
