#include "itra/restricted_dual.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace goracs::itra {
namespace {

constexpr std::int64_t kRowsPerBudget = 3;
constexpr std::int64_t kArcsPerColumn = 8;  // of each of the R columns that a row supplies
constexpr std::int64_t kFewestArcs = 32;
constexpr double kOutOfReach = -1e4;  // a dual with which a column comes last

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

/// The rows' first arcs at duals v, `count` of each; then those outside of their own groups.
std::vector<Matrix<CostArc>> first_arcs(const CostRows& cost, const RoundingCuts& cuts, std::span<const std::int64_t> local_rows,
                                        std::span<const double> column_dual, std::int64_t count) {
  std::vector<Matrix<CostArc>> near;
  near.emplace_back(static_cast<std::int64_t>(local_rows.size()), count);
  cost.kernels().lowest_columns(cost.block(), local_rows, column_dual, near[0]);
  if (cuts.size() == 0) return near;

  std::vector<std::vector<std::size_t>> of_cut(static_cast<std::size_t>(cuts.size()));
  for (std::size_t k = 0; k < local_rows.size(); ++k)
    if (const std::int32_t cut = cuts.cut_of_row(cost.rows().begin + local_rows[k]); cut != RoundingCuts::kNone)
      of_cut[static_cast<std::size_t>(cut)].push_back(k);
  Matrix<CostArc> outside(near[0].rows(), count);
  std::copy_n(near[0].data(), near[0].rows() * count, outside.data());
  std::vector<double> without(column_dual.begin(), column_dual.end());
  for (std::int64_t cut = 0; cut < cuts.size(); ++cut) {
    const auto& places = of_cut[static_cast<std::size_t>(cut)];
    if (places.empty()) continue;
    std::vector<std::int64_t> rows;
    for (const std::size_t k : places) rows.push_back(local_rows[k]);
    for (const std::int32_t j : cuts[cut].columns) without[static_cast<std::size_t>(j)] = kOutOfReach;
    Matrix<CostArc> arcs(static_cast<std::int64_t>(rows.size()), count);
    cost.kernels().lowest_columns(cost.block(), rows, without, arcs);
    for (const std::int32_t j : cuts[cut].columns) without[static_cast<std::size_t>(j)] = column_dual[static_cast<std::size_t>(j)];
    for (std::size_t k = 0; k < places.size(); ++k)
      std::ranges::copy(arcs.row(static_cast<std::int64_t>(k)), outside.row(static_cast<std::int64_t>(places[k])).begin());
  }
  near.push_back(std::move(outside));
  return near;
}

}  // namespace

DualNeighbourhood DualNeighbourhood::of(std::span<const double> dual, const LowerBound& bound, std::int64_t budget,
                                        std::int64_t num_train) {
  DualNeighbourhood around{{dual.begin(), dual.end()}, {}};
  for (const RowScore& row : bound.lowest_rows(std::min(kRowsPerBudget * budget, num_train))) around.rows.push_back(row.row);
  std::sort(around.rows.begin(), around.rows.end());
  return around;
}

RestrictedDual::RestrictedDual(const CostRows& cost, std::int64_t budget, const RoundingCuts& cuts,
                               std::span<const DualNeighbourhood> around, Communicator& world)
    : cuts_(cuts),
      budget_(budget),
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
  for (const DualNeighbourhood& one : around)
    std::ranges::move(first_arcs(cost, cuts, own, std::span(one.dual).first(static_cast<std::size_t>(num_valid_)), first),
                      std::back_inserter(near));
  std::vector<std::vector<CostArc>> arcs(own.size());
#pragma omp parallel for schedule(static)
  for (std::size_t k = 0; k < own.size(); ++k) arcs[k] = united(near, static_cast<std::int64_t>(k));
  std::vector<std::int64_t> lengths;
  for (const std::vector<CostArc>& row : arcs) {
    lengths.push_back(static_cast<std::int64_t>(row.size()));
    arcs_.insert(arcs_.end(), row.begin(), row.end());
  }
  for (const std::int64_t i_lc : own) cut_.push_back(cuts.cut_of_row(cost.rows().begin + i_lc));
  // rank order is row order
  arcs_ = world.gather(std::span<const CostArc>(arcs_), 0);
  lengths = world.gather(std::span<const std::int64_t>(lengths), 0);
  cut_ = world.gather(std::span<const std::int32_t>(cut_), 0);
  begin_.assign(1, 0);
  for (const std::int64_t length : lengths) begin_.push_back(begin_.back() + static_cast<std::size_t>(length));
  supplied_.resize(lengths.size() * static_cast<std::size_t>(top_r_));
  scores_.resize(lengths.size());
}

double RestrictedDual::score(std::size_t row, std::span<const double> dual) {
  const std::int32_t cut = cut_[row];
  const double price = cut == RoundingCuts::kNone ? 0 : dual[static_cast<std::size_t>(num_valid_ + cut)];
  difference_.clear();
  for (std::size_t p = begin_[row]; p < begin_[row + 1]; ++p) {
    const std::int32_t column = arcs_[p].column;
    const double difference = static_cast<double>(arcs_[p].cost) - dual[static_cast<std::size_t>(column)];
    difference_.emplace_back(price != 0 && cuts_.cut_of_column(column) == cut ? difference + price : difference, column);
  }
  const auto last = difference_.begin() + (top_r_ - 1);
  std::nth_element(difference_.begin(), last, difference_.end());
  std::int32_t* const supplied = supplied_.data() + row * static_cast<std::size_t>(top_r_);
  double sum = 0;
  for (std::int64_t q = 0; q < top_r_; ++q) {
    supplied[q] = difference_[static_cast<std::size_t>(q)].second;
    sum += q + 1 < top_r_ ? difference_[static_cast<std::size_t>(q)].first : 0.0;
  }
  const double score = sum / static_cast<double>(num_valid_) + last_share_ * last->first;
  return cut == RoundingCuts::kNone ? score : score - price * weight(cuts_[cut].a_row);
}

double RestrictedDual::evaluate(std::span<const double> dual, std::span<double> supergradient) {
  for (std::size_t k = 0; k < scores_.size(); ++k) scores_[k] = {score(k, dual), static_cast<std::int32_t>(k)};
  std::nth_element(scores_.begin(), scores_.begin() + (budget_ - 1), scores_.end());
  const double share = 1 / static_cast<double>(num_valid_);
  const std::span<double> left = supergradient.first(static_cast<std::size_t>(num_valid_)), beyond = supergradient.subspan(left.size());
  double value = std::accumulate(dual.begin(), dual.begin() + num_valid_, 0.0) * share;
  std::ranges::fill(left, share);
  for (std::int64_t cut = 0; cut < cuts_.size(); ++cut) {
    beyond[static_cast<std::size_t>(cut)] = -weight(cuts_[cut].fixed);
    value -= dual[static_cast<std::size_t>(num_valid_ + cut)] * weight(cuts_[cut].fixed);
  }
  for (std::int64_t k = 0; k < budget_; ++k) {
    const auto& [row_score, place] = scores_[static_cast<std::size_t>(k)];
    const auto row = static_cast<std::size_t>(place);
    value += row_score;
    const std::int32_t* const supplied = supplied_.data() + row * static_cast<std::size_t>(top_r_);
    const std::int32_t cut = cut_[row];
    double within = 0;
    for (std::int64_t q = 0; q < top_r_; ++q) {
      const double taken = q + 1 < top_r_ ? share : last_share_;
      left[static_cast<std::size_t>(supplied[q])] -= taken;
      if (cut != RoundingCuts::kNone && cuts_.cut_of_column(supplied[q]) == cut) within += taken;
    }
    if (cut != RoundingCuts::kNone) beyond[static_cast<std::size_t>(cut)] += within - weight(cuts_[cut].a_row);
  }
  return value;
}

}  // namespace goracs::itra
