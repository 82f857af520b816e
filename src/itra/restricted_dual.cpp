#include "itra/restricted_dual.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace goracs::itra {
namespace {

constexpr std::int64_t kRowsPerBudget = 3;
constexpr std::int64_t kArcsPerColumn = 8;  // of each of the R columns that a row supplies
constexpr std::int64_t kFewestArcs = 32;

/// Row k of all of them, ascending by column.
std::vector<CostArc> united(std::span<const Matrix<CostArc>> near, std::int64_t k) {
  std::vector<CostArc> arcs;
  for (const Matrix<CostArc>& one : near) {
    const std::vector<CostArc> before = std::move(arcs);
    arcs.clear();
    std::ranges::set_union(before, one.row(k), std::back_inserter(arcs), {}, &CostArc::column, &CostArc::column);
  }
  return arcs;
}

}  // namespace

DualNeighbourhood DualNeighbourhood::of(std::span<const double> column_dual, const LowerBound& bound, std::int64_t budget,
                                        std::int64_t num_train) {
  DualNeighbourhood around{{column_dual.begin(), column_dual.end()}, {}};
  for (const RowScore& row : bound.lowest_rows(std::min(kRowsPerBudget * budget, num_train))) around.rows.push_back(row.row);
  std::sort(around.rows.begin(), around.rows.end());
  return around;
}

RestrictedDual::RestrictedDual(const CostRows& cost, std::int64_t budget, std::span<const DualNeighbourhood> around, Communicator& world)
    : budget_(budget),
      num_valid_(cost.num_valid()),
      top_r_((num_valid_ + budget - 1) / budget),
      last_share_(1 / static_cast<double>(budget) - static_cast<double>(top_r_ - 1) / static_cast<double>(num_valid_)) {
  std::vector<std::int64_t> own;
  for (const DualNeighbourhood& one : around)
    std::copy_if(one.rows.begin(), one.rows.end(), std::back_inserter(own), [&](std::int64_t i) { return cost.rows().contains(i); });
  std::sort(own.begin(), own.end());
  own.erase(std::unique(own.begin(), own.end()), own.end());

  for (std::int64_t& i : own) i -= cost.rows().begin;

  const std::int64_t first = std::min(num_valid_, std::max(kArcsPerColumn * top_r_, kFewestArcs));
  std::vector<Matrix<CostArc>> near;
  for (const DualNeighbourhood& one : around) {
    near.emplace_back(static_cast<std::int64_t>(own.size()), first);
    cost.kernels().lowest_columns(cost.block(), own, one.column_dual, near.back());
  }
  std::vector<std::vector<CostArc>> arcs(own.size());
#pragma omp parallel for schedule(static)
  for (std::size_t k = 0; k < own.size(); ++k) arcs[k] = united(near, static_cast<std::int64_t>(k));
  std::vector<std::int64_t> lengths;
  for (const std::vector<CostArc>& row : arcs) {
    lengths.push_back(static_cast<std::int64_t>(row.size()));
    arcs_.insert(arcs_.end(), row.begin(), row.end());
  }
  // rank order is row order
  arcs_ = world.gather(std::span<const CostArc>(arcs_), 0);
  lengths = world.gather(std::span<const std::int64_t>(lengths), 0);
  begin_.assign(1, 0);
  for (const std::int64_t length : lengths) begin_.push_back(begin_.back() + static_cast<std::size_t>(length));
  supplied_.resize(lengths.size() * static_cast<std::size_t>(top_r_));
  scores_.resize(lengths.size());
}

double RestrictedDual::score(std::size_t row, std::span<const double> column_dual) {
  difference_.clear();
  for (std::size_t p = begin_[row]; p < begin_[row + 1]; ++p)
    difference_.emplace_back(static_cast<double>(arcs_[p].cost) - column_dual[static_cast<std::size_t>(arcs_[p].column)], arcs_[p].column);
  const auto last = difference_.begin() + (top_r_ - 1);
  std::nth_element(difference_.begin(), last, difference_.end());
  std::int32_t* const supplied = supplied_.data() + row * static_cast<std::size_t>(top_r_);
  double sum = 0;
  for (std::int64_t q = 0; q < top_r_; ++q) {
    supplied[q] = difference_[static_cast<std::size_t>(q)].second;
    sum += q + 1 < top_r_ ? difference_[static_cast<std::size_t>(q)].first : 0.0;
  }
  return sum / static_cast<double>(num_valid_) + last_share_ * last->first;
}

double RestrictedDual::evaluate(std::span<const double> column_dual, std::span<double> supergradient) {
  for (std::size_t k = 0; k < scores_.size(); ++k) scores_[k] = {score(k, column_dual), static_cast<std::int32_t>(k)};
  std::nth_element(scores_.begin(), scores_.begin() + (budget_ - 1), scores_.end());
  const double share = 1 / static_cast<double>(num_valid_);
  double value = std::accumulate(column_dual.begin(), column_dual.end(), 0.0) * share;
  std::fill(supergradient.begin(), supergradient.end(), share);
  for (std::int64_t k = 0; k < budget_; ++k) {
    const auto& [row_score, row] = scores_[static_cast<std::size_t>(k)];
    value += row_score;
    const std::int32_t* const supplied = supplied_.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(top_r_);
    for (std::int64_t q = 0; q + 1 < top_r_; ++q) supergradient[static_cast<std::size_t>(supplied[q])] -= share;
    supergradient[static_cast<std::size_t>(supplied[top_r_ - 1])] -= last_share_;
  }
  return value;
}

}  // namespace goracs::itra
