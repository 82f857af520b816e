#include "itra/greedy.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "kernels/normalise_cost.hpp"

namespace goracs::itra {

GreedyPass::GreedyPass(const CostMatrix& cost, Communicator& world, GreedyOrder known)
    : cost_(cost),
      world_(world),
      known_(std::move(known)),
      column_minimum_(static_cast<std::size_t>(cost.num_valid()), std::numeric_limits<float>::infinity()),
      nearest_(static_cast<std::size_t>(cost.num_valid()), -1),
      columns_of_(static_cast<std::size_t>(cost.num_train()), 0) {
  if (known_.nearest_rows_of_pool < 0) known_.nearest_rows_of_pool = count_nearest_rows();
}

GreedyOrder GreedyPass::order() const { return {added_.size() < known_.rows.size() ? known_.rows : added_, known_.nearest_rows_of_pool}; }

std::optional<std::vector<std::int64_t>> GreedyPass::coreset(std::int64_t budget, const Step& step) {
  if (known_.nearest_rows_of_pool <= budget) return first_rows(budget, step);
  if (!add_until([&] { return rows_with_columns_ >= budget; }, budget, step)) return std::nullopt;
  std::vector<std::int64_t> coreset;
  std::ranges::copy_if(added_, std::back_inserter(coreset), [&](std::int64_t i) { return columns_of_[static_cast<std::size_t>(i)] > 0; });
  return coreset;
}

std::optional<std::vector<std::int64_t>> GreedyPass::first_rows(std::int64_t budget, const Step& step) {
  if (!add_until([&] { return static_cast<std::int64_t>(added_.size()) >= budget; }, budget, step)) return std::nullopt;
  return std::vector(added_.begin(), added_.begin() + budget);
}

bool GreedyPass::add_until(const std::function<bool()>& complete, std::int64_t budget, const Step& step) {
  while (!complete()) {
    add(next_row());
    if (step && step(std::min(budget, static_cast<std::int64_t>(added_.size())))) return false;
  }
  return true;
}

std::int64_t GreedyPass::first_row() const {
  const RowBlock rows = cost_.rows();
  std::vector<std::int64_t> sums(static_cast<std::size_t>(rows.size()));
  cost_.kernels().row_sum(cost_.block(), sums);
  Candidate best = kNoCandidate;
  const std::int64_t no_less = cost_.num_valid() << kCostBits;  // the smallest sum becomes the highest gain
  for (std::int64_t i = rows.begin; i < rows.end; ++i)
    best = std::max(best, Candidate{no_less - sums[static_cast<std::size_t>(i - rows.begin)], i});
  return best_of(best).row;
}

std::int64_t GreedyPass::next_row() {
  if (added_.size() < known_.rows.size()) return known_.rows[added_.size()];
  return added_.empty() ? first_row() : best_row();
}

/// Every row's gain, fresh.
void GreedyPass::fill_queue() {
  const RowBlock rows = cost_.rows();
  std::vector<char> is_added(static_cast<std::size_t>(rows.size()), 0);
  for (const std::int64_t i : added_)
    if (rows.contains(i)) is_added[static_cast<std::size_t>(i - rows.begin)] = 1;
  std::vector<std::int64_t> gains(is_added.size());
  cost_.kernels().gain(cost_.block(), column_minimum_, gains);
  for (std::size_t i_lc = 0; i_lc < gains.size(); ++i_lc)
    if (is_added[i_lc] == 0) queue_.push_back({gains[i_lc], rows.begin + static_cast<std::int64_t>(i_lc)});
  std::make_heap(queue_.begin(), queue_.end());
  evaluated_at_.assign(gains.size(), static_cast<std::int64_t>(added_.size()));
  queued_ = true;
}

std::int64_t GreedyPass::best_row() {
  if (!queued_) fill_queue();
  const Candidate best = best_of(best_of_rank());
  GORACS_CHECK_INPUT(best.row >= 0, "greedy: all {} rows of the pool are in the coreset", cost_.num_train());
  if (!queue_.empty() && queue_.front().row == best.row) {
    std::pop_heap(queue_.begin(), queue_.end());
    queue_.pop_back();
  }
  return best.row;
}

GreedyPass::Candidate GreedyPass::best_of_rank() {
  const auto now = static_cast<std::int64_t>(added_.size());
  const std::int64_t begin = cost_.rows().begin;
  while (!queue_.empty()) {
    const std::int64_t i_lc = queue_.front().row - begin;
    std::int64_t& evaluated_at = evaluated_at_[static_cast<std::size_t>(i_lc)];
    if (evaluated_at == now) return queue_.front();
    std::pop_heap(queue_.begin(), queue_.end());
    cost_.kernels().gain(cost_.block().rows_from(i_lc, 1), column_minimum_, std::span(&queue_.back().gain, 1));
    std::push_heap(queue_.begin(), queue_.end());
    evaluated_at = now;
  }
  return kNoCandidate;
}

GreedyPass::Candidate GreedyPass::best_of(Candidate own) const {
  const std::vector<Candidate> bests = world_.all_gather(std::span<const Candidate>(&own, 1));
  return *std::max_element(bests.begin(), bests.end());
}

void GreedyPass::add(std::int64_t row) {
  const Matrix<float> costs = cost_.gather(std::span<const std::int64_t>(&row, 1), world_);
  added_.push_back(row);
  for (std::size_t j = 0; j < column_minimum_.size(); ++j) {
    const float cost = costs.row(0)[j];
    if (cost > column_minimum_[j] || (cost == column_minimum_[j] && row > nearest_[j])) continue;
    column_minimum_[j] = cost;
    if (nearest_[j] >= 0 && --columns_of_[static_cast<std::size_t>(nearest_[j])] == 0) --rows_with_columns_;
    nearest_[j] = row;
    if (columns_of_[static_cast<std::size_t>(row)]++ == 0) ++rows_with_columns_;
  }
}

/// Rows of the whole pool that are nearest to some column, the lowest row where several are equally near.
std::int64_t GreedyPass::count_nearest_rows() const {
  struct Nearest {
    float cost;
    std::int32_t row_of_rank;
  };
  const auto cols = static_cast<std::size_t>(cost_.num_valid());
  std::vector<Nearest> own(cols, {std::numeric_limits<float>::infinity(), 0});
  if (cost_.rows().size() > 0) {
    std::vector<float> minimum(cols);
    std::vector<std::int32_t> row(cols);
    cost_.kernels().column_minimum(cost_.block(), minimum, row);
    for (std::size_t j = 0; j < cols; ++j) own[j] = {minimum[j], row[j]};
  }
  const std::vector<Nearest> all = world_.all_gather(std::span<const Nearest>(own));
  std::vector<char> is_nearest(static_cast<std::size_t>(cost_.num_train()), 0);
  for (std::size_t j = 0; j < cols; ++j) {
    int best = 0;  // rows of a lower rank are lower, so only a smaller cost takes the place
    for (int rank = 1; rank < world_.size(); ++rank)
      if (all[static_cast<std::size_t>(rank) * cols + j].cost < all[static_cast<std::size_t>(best) * cols + j].cost) best = rank;
    const std::int64_t begin = RowBlock::of(cost_.num_train(), best, world_.size()).begin;
    is_nearest[static_cast<std::size_t>(begin + all[static_cast<std::size_t>(best) * cols + j].row_of_rank)] = 1;
  }
  return std::ranges::count(is_nearest, 1);
}

}  // namespace goracs::itra
