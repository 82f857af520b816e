#include "itra/outer_scores.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>

#include "itra/exact_cost.hpp"

namespace goracs::itra {
namespace {

constexpr std::int64_t kShortestList = 32;
/// Beyond this many entries a list is no shorter work than its row.
constexpr std::int64_t kLongestList = 256;
/// Room in a list for columns whose e fell.
constexpr std::int64_t kSpare = 16;
/// Columns that may fall per new potential: each costs one read in every row, and the fewer they are, the more rows have to be read whole
/// (16, 48, 128 of 5000: 28, 10, 15 s for 100 exchanges with 140,000 rows).
constexpr std::size_t kFalling = 48;
/// Rows read together before the k-th best is looked at again.
constexpr std::size_t kReadAtOnce = 64;

std::int64_t list_length(std::int64_t top_r) { return std::max(kShortestList, 2 * top_r); }

}  // namespace

OuterScores::OuterScores(const CostRows& cost, const ExchangeScore& score, bool lazy)
    : cost_(cost),
      score_(score),
      // for one row, F of the reference is no bound when entries are lowered
      lazy_(lazy && list_length(score.top_r()) <= std::min(kLongestList, cost.num_valid() / 2) && score.top_r() < cost.num_valid()),
      capacity_(lazy_ ? list_length(score.top_r()) + kSpare : 0),
      differences_(lazy_ ? list_length(score.top_r()) : score.top_r(), score.sign()) {
  const auto rows = static_cast<std::size_t>(cost.rows().size());
  if (lazy_) {
    arcs_.resize(rows * static_cast<std::size_t>(capacity_));
    length_.resize(rows);
    base_.resize(rows);
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

std::vector<std::int32_t> OuterScores::move_potential(std::span<const double> column_potential) {
  const auto cols = column_potential.size();
  std::vector<double> moved(column_potential.begin(), column_potential.end());
  std::vector<std::int32_t> fallen;
  if (listed_) {
    // e = sign * (C - f) falls where sign * f rises; take the constant off that makes all but kFalling - 1 of them rise or stay
    const double sign = score_.sign();
    std::vector<double> rise(cols);
    for (std::size_t j = 0; j < cols; ++j) rise[j] = sign * (column_potential[j] - differences_.potential()[j]);
    const std::size_t place = std::min(kFalling, cols) - 1;
    std::vector<double> sorted(rise);
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(place), sorted.end(), std::greater<>());
    shift_ = sign * sorted[place];
    for (std::size_t j = 0; j < cols; ++j) {
      moved[j] -= shift_;
      if (rise[j] > sorted[place]) fallen.push_back(static_cast<std::int32_t>(j));
    }
  }
  differences_.assign(moved);
  potential_sum_ = 0;
  for (const double f : moved) potential_sum_ += exact_units(f);
  return fallen;
}

void OuterScores::lower_base(std::int64_t row, std::span<const std::int32_t> fallen) {
  const auto i = static_cast<std::size_t>(row);
  Arc* arcs = arcs_.data() + row * capacity_;
  for (const std::int32_t column : fallen) {
    const float cost = cost_.row(row)[static_cast<std::size_t>(column)];
    const double value = differences_.value(cost, column);
    if (value >= base_[i]) continue;
    Arc* end = arcs + length_[i];
    if (std::find_if(arcs, end, [&](const Arc& arc) { return arc.column == column; }) != end) continue;
    if (length_[i] < capacity_)
      arcs[length_[i]++] = {cost, column};
    else
      base_[i] = value;
  }
}

Int128 OuterScores::sum_difference(std::int64_t row) const {
  return cost_sum_.empty() ? Int128{0} : cost_sum_[static_cast<std::size_t>(row)] - potential_sum_;
}

OuterScores::Bound OuterScores::bound_of(std::int64_t row, cpu::LowestDifferences::Workspace& workspace) const {
  const auto i = static_cast<std::size_t>(row);
  const auto top_r = static_cast<std::size_t>(score_.top_r());
  const Arc* arcs = arcs_.data() + row * capacity_;
  auto& lowest = workspace.lowest;
  lowest.clear();
  for (std::int32_t p = 0; p < length_[i]; ++p) {
    const double value = differences_.value(arcs[p].cost, arcs[p].column);
    if (value <= base_[i]) lowest.push_back({value, arcs[p].column});
  }
  const bool exact = lowest.size() >= top_r;
  if (!exact) lowest.resize(top_r, {base_[i], 0});
  std::nth_element(lowest.begin(), lowest.begin() + static_cast<std::ptrdiff_t>(top_r - 1), lowest.end());
  return {score_.of(std::span(lowest).first(top_r), sum_difference(row)), row, exact};
}

OuterScores::Bound OuterScores::read(std::int64_t row, cpu::LowestDifferences::Workspace& workspace) {
  const std::span<const float> cost = cost_.row(row);
  differences_.find(cost, workspace);
  auto& lowest = workspace.lowest;
  if (lazy_) {
    const auto i = static_cast<std::size_t>(row);
    base_[i] = lowest.back().value;
    length_[i] = static_cast<std::int32_t>(lowest.size());
    Arc* arc = arcs_.data() + row * capacity_;
    for (const auto& entry : lowest) *arc++ = {cost[static_cast<std::size_t>(entry.column)], entry.column};
  }
  const auto top_r = score_.top_r();
  std::nth_element(lowest.begin(), lowest.begin() + (top_r - 1), lowest.end());
  return {score_.of(std::span(lowest).first(static_cast<std::size_t>(top_r)), sum_difference(row)), row, true};
}

void OuterScores::read_until_exact(std::vector<Bound>& bounds, std::int64_t k) {
  // all rows that can be among the k best: their bound is no higher than the k-th best exact score
  const auto kth_exact = [k](const std::vector<Bound>& among) -> std::optional<Bound> {
    std::vector<Bound> exact;
    std::copy_if(among.begin(), among.end(), std::back_inserter(exact), [](const Bound& bound) { return bound.exact; });
    if (static_cast<std::int64_t>(exact.size()) < k) return std::nullopt;
    std::nth_element(exact.begin(), exact.begin() + (k - 1), exact.end());
    return exact[static_cast<std::size_t>(k - 1)];
  };
  const auto drop_beyond = [&](const std::optional<Bound>& limit) {
    if (limit) std::erase_if(bounds, [&](const Bound& bound) { return *limit < bound; });
  };
  drop_beyond(kth_exact(bounds));
  std::sort(bounds.begin(), bounds.end());
  for (std::size_t begin = 0; begin < bounds.size();) {
    const std::optional<Bound> limit = kth_exact(bounds);
    std::vector<std::size_t> inexact;
    for (; begin < bounds.size() && inexact.size() < kReadAtOnce && !(limit && *limit < bounds[begin]); ++begin)
      if (!bounds[begin].exact) inexact.push_back(begin);
    if (inexact.empty()) return;
    rows_read_ += static_cast<std::int64_t>(inexact.size());
#pragma omp parallel
    {
      cpu::LowestDifferences::Workspace workspace;
#pragma omp for schedule(static)
      for (std::size_t p = 0; p < inexact.size(); ++p) bounds[inexact[p]] = read(bounds[inexact[p]].row, workspace);
    }
  }
}

std::vector<RowWithScore> OuterScores::best(std::span<const double> column_potential, std::span<const char> excluded, std::int64_t k) {
  const std::vector<std::int32_t> fallen = move_potential(column_potential);
  const std::int64_t rows = cost_.rows().size();
  std::vector<Bound> all(static_cast<std::size_t>(rows));
  const bool from_lists = lazy_ && listed_;
#pragma omp parallel
  {
    cpu::LowestDifferences::Workspace workspace;
#pragma omp for schedule(static)
    for (std::int64_t i = 0; i < rows; ++i) {
      if (from_lists) lower_base(i, fallen);
      all[static_cast<std::size_t>(i)] = from_lists ? bound_of(i, workspace) : read(i, workspace);
    }
  }
  if (!from_lists) rows_read_ += rows;
  listed_ = lazy_;
  std::erase_if(all, [&](const Bound& bound) { return excluded[static_cast<std::size_t>(bound.row)] != 0; });
  k = std::min(k, static_cast<std::int64_t>(all.size()));
  if (k == 0) return {};
  if (from_lists) read_until_exact(all, k);
  std::erase_if(all, [](const Bound& bound) { return !bound.exact; });
  std::partial_sort(all.begin(), all.begin() + k, all.end());
  // d = C - f is larger by the shift at the shifted potential, so y is, and F by shift / n
  const Int128 shift = score_.of_constant(shift_);
  std::vector<RowWithScore> best;
  for (std::int64_t q = 0; q < k; ++q)
    best.push_back({all[static_cast<std::size_t>(q)].score - shift, cost_.rows().begin + all[static_cast<std::size_t>(q)].row});
  return best;
}

}  // namespace goracs::itra
