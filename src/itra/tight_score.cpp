#include "itra/tight_score.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/error.hpp"

// the loop over a row for the instruction set at hand; subtraction and minimum round alike everywhere
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
#define GORACS_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define GORACS_VECTOR_CLONES
#endif

namespace goracs::itra {
namespace {

constexpr std::int64_t kBlocksPerLowest = 8;  // then a block rarely holds two of the R smallest, and few columns are looked at
constexpr std::int64_t kFewestBlocks = 64;
constexpr std::int64_t kLanes = 16;

/// minimum[b] = least cost[j] - dual[j] over the columns j of block b.
GORACS_VECTOR_CLONES void block_minima(const float* __restrict cost, const float* __restrict dual, std::int64_t cols, std::int64_t blocks,
                                       float* __restrict minimum) {
  for (std::int64_t b = 0; b < blocks; ++b) minimum[b] = cost[b] - dual[b];
  for (std::int64_t begin = blocks; begin < cols; begin += blocks) {
    const std::int64_t count = std::min(blocks, cols - begin);
    for (std::int64_t b = 0; b < count; ++b) {
      const float d = cost[begin + b] - dual[begin + b];
      minimum[b] = d < minimum[b] ? d : minimum[b];
    }
  }
}

}  // namespace

TightScore::TightScore(std::int64_t num_valid, std::int64_t budget)
    : num_valid_(num_valid), budget_(budget), top_r_((num_valid + budget - 1) / budget), last_share_(num_valid - budget * (top_r_ - 1)) {
  const std::int64_t wanted = std::max(kBlocksPerLowest * top_r_, kFewestBlocks);
  num_blocks_ = (wanted + kLanes - 1) / kLanes * kLanes;
  if (2 * num_blocks_ > num_valid_) num_blocks_ = 0;
}

void TightScore::allow(double largest) {
  // the weights of a score sum to M; most_fall sees differences of two duals
  const double largest_allowed = 0x1p21 / static_cast<double>(num_valid_) - 1;
  GORACS_CHECK_NUMERIC(largest <= largest_allowed, "a column dual of size {}, but scores are exact up to {}", largest, largest_allowed);
  // dual and difference are each rounded by at most 2^-24 of their size, and two differences are compared
  margin_ = static_cast<float>(0x1p-22 * (1 + largest));
}

void TightScore::assign(std::span<const double> column_dual) {
  double largest = 0;
  for (const double v : column_dual) largest = std::isfinite(v) ? std::max(largest, std::abs(v)) : HUGE_VAL;
  allow(largest_ = largest);
  dual_units_.resize(column_dual.size());
  dual_float_.resize(column_dual.size());
  for (std::size_t j = 0; j < column_dual.size(); ++j) {
    dual_units_[j] = std::llrint(column_dual[j] * kUnitsPerOne);
    dual_float_[j] = static_cast<float>(column_dual[j]);
  }
}

void TightScore::lower(std::span<const std::int32_t> columns, std::int64_t units) {
  for (const std::int32_t column : columns) {
    const auto j = static_cast<std::size_t>(column);
    dual_units_[j] -= units;
    const double dual = static_cast<double>(dual_units_[j]) / kUnitsPerOne;
    dual_float_[j] = static_cast<float>(dual);
    largest_ = std::max(largest_, std::abs(dual));
  }
  allow(largest_);
}

void TightScore::find_candidates(std::span<const float> cost, Workspace& workspace) const {
  auto& lowest = workspace.lowest;
  lowest.clear();
  const auto append = [&](std::int64_t j) {
    lowest.emplace_back(difference(cost[static_cast<std::size_t>(j)], j), static_cast<std::int32_t>(j));
  };
  if (num_blocks_ == 0) {
    for (std::int64_t j = 0; j < num_valid_; ++j) append(j);
    return;
  }
  auto& minimum = workspace.block_minimum;
  minimum.resize(2 * static_cast<std::size_t>(num_blocks_));
  block_minima(cost.data(), dual_float_.data(), num_valid_, num_blocks_, minimum.data());
  const auto sorted = minimum.begin() + num_blocks_;
  std::copy_n(minimum.begin(), num_blocks_, sorted);
  std::nth_element(sorted, sorted + (top_r_ - 1), minimum.end());
  const float threshold = sorted[top_r_ - 1] + margin_;
  for (std::int64_t b = 0; b < num_blocks_; ++b) {
    if (minimum[static_cast<std::size_t>(b)] > threshold) continue;
    for (std::int64_t j = b; j < num_valid_; j += num_blocks_)
      if (cost[static_cast<std::size_t>(j)] - dual_float_[static_cast<std::size_t>(j)] <= threshold) append(j);
  }
}

void TightScore::select_lowest(std::span<const float> cost, Workspace& workspace) const {
  find_candidates(cost, workspace);
  auto& lowest = workspace.lowest;
  std::nth_element(lowest.begin(), lowest.begin() + (top_r_ - 1), lowest.end());
  lowest.resize(static_cast<std::size_t>(top_r_));
}

std::int64_t TightScore::weighted(std::span<const std::pair<std::int64_t, std::int32_t>> lowest) const {
  std::int64_t sum = 0;
  for (const auto& [units, column] : lowest.first(lowest.size() - 1)) sum += units;
  return budget_ * sum + last_share_ * lowest.back().first;
}

std::int64_t TightScore::score(std::span<const float> cost, Workspace& workspace) const {
  select_lowest(cost, workspace);
  return weighted(workspace.lowest);
}

void TightScore::add_taken(std::span<const float> cost, Workspace& workspace, std::span<std::int64_t> taken) const {
  select_lowest(cost, workspace);
  for (const auto& [units, column] : workspace.lowest) taken[static_cast<std::size_t>(column)] += budget_;
  taken[static_cast<std::size_t>(workspace.lowest.back().second)] += last_share_ - budget_;
}

std::vector<double> TightScore::rounded_dual() const {
  std::vector<double> dual(dual_units_.size());
  std::ranges::transform(dual_units_, dual.begin(), [](std::int64_t units) { return static_cast<double>(units) / kUnitsPerOne; });
  return dual;
}

std::int64_t TightScore::score(const LowestSum& lowest) const {
  return budget_ * static_cast<std::int64_t>(lowest.sum() - lowest.last) + last_share_ * lowest.last;
}

void TightScore::add_taken(std::span<const CostArc> lowest, std::span<std::int64_t> taken) const {
  std::pair<std::int64_t, std::int32_t> last{std::numeric_limits<std::int64_t>::min(), 0};
  for (const CostArc& arc : lowest) {
    taken[static_cast<std::size_t>(arc.column)] += budget_;
    last = std::max(last, {difference(arc.cost, arc.column), arc.column});
  }
  taken[static_cast<std::size_t>(last.second)] += last_share_ - budget_;
}

std::int64_t TightScore::most_fall(std::span<const std::int64_t> rise) const {
  std::vector<std::int64_t> sorted(rise.begin(), rise.end());
  std::nth_element(sorted.begin(), sorted.begin() + (top_r_ - 1), sorted.end(), std::greater<>());
  std::int64_t sum = 0;
  for (std::int64_t q = 0; q + 1 < top_r_; ++q) sum += sorted[static_cast<std::size_t>(q)];
  return budget_ * sum + last_share_ * sorted[static_cast<std::size_t>(top_r_ - 1)];
}

}  // namespace goracs::itra
