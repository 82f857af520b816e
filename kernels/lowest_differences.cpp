#include "kernels/lowest_differences.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/instruction_set.hpp"

namespace goracs::cpu {
namespace {

constexpr std::int64_t kBlocksPerEntry = 8;  // then a block rarely holds two of the lowest, and few columns are looked at
constexpr std::int64_t kFewestBlocks = 128;
constexpr std::int64_t kLanes = 16;

/// minimum[b] = least sign * cost[j] - potential[j] over the columns j of block b.
GORACS_VECTORISED void block_minima(const float* __restrict cost, const float* __restrict potential, float sign, std::int64_t cols,
                                    std::int64_t blocks, float* __restrict minimum) {
  for (std::int64_t b = 0; b < blocks; ++b) minimum[b] = sign * cost[b] - potential[b];
  for (std::int64_t begin = blocks; begin < cols; begin += blocks) {
    const std::int64_t count = std::min(blocks, cols - begin);
    for (std::int64_t b = 0; b < count; ++b) {
      const float e = sign * cost[begin + b] - potential[begin + b];
      minimum[b] = e < minimum[b] ? e : minimum[b];
    }
  }
}

}  // namespace

void LowestDifferences::assign(std::span<const double> potential) {
  potential_.assign(potential.begin(), potential.end());
  signed_potential_.resize(potential.size());
  double largest = 0;
  for (std::size_t j = 0; j < potential.size(); ++j) {
    signed_potential_[j] = static_cast<float>(sign_ * potential[j]);
    largest = std::max(largest, std::abs(potential[j]));
  }
  // potential and difference are each rounded by at most 2^-24 of their size, and two differences are compared
  margin_ = static_cast<float>(0x1p-22 * (1 + largest));
  const std::int64_t wanted = std::max(kBlocksPerEntry * count_, kFewestBlocks);
  num_blocks_ = (wanted + kLanes - 1) / kLanes * kLanes;
  if (2 * num_blocks_ > static_cast<std::int64_t>(potential.size())) num_blocks_ = 0;
}

void LowestDifferences::find_candidates(std::span<const float> cost, Workspace& workspace) const {
  auto& lowest = workspace.lowest;
  const auto cols = static_cast<std::int64_t>(cost.size());
  lowest.clear();
  const auto append = [&](std::int64_t j) {
    lowest.push_back({value(cost[static_cast<std::size_t>(j)], j), static_cast<std::int32_t>(j)});
  };
  if (num_blocks_ == 0) {
    for (std::int64_t j = 0; j < cols; ++j) append(j);
    return;
  }
  auto& minimum = workspace.block_minimum;
  minimum.resize(2 * static_cast<std::size_t>(num_blocks_));
  const float* potential = signed_potential_.data();
  const auto sign = static_cast<float>(sign_);
  block_minima(cost.data(), potential, sign, cols, num_blocks_, minimum.data());
  const auto sorted = minimum.begin() + num_blocks_;
  std::copy_n(minimum.begin(), num_blocks_, sorted);
  std::nth_element(sorted, sorted + (count_ - 1), minimum.end());
  const float threshold = sorted[count_ - 1] + margin_;
  for (std::int64_t b = 0; b < num_blocks_; ++b) {
    if (minimum[static_cast<std::size_t>(b)] > threshold) continue;
    for (std::int64_t j = b; j < cols; j += num_blocks_)
      if (sign * cost[static_cast<std::size_t>(j)] - potential[j] <= threshold) append(j);
  }
}

void LowestDifferences::find(std::span<const float> cost, Workspace& workspace) const {
  find_candidates(cost, workspace);
  auto& lowest = workspace.lowest;
  const auto kept = std::min<std::size_t>(static_cast<std::size_t>(count_), lowest.size());
  std::nth_element(lowest.begin(), lowest.begin() + static_cast<std::ptrdiff_t>(kept - 1), lowest.end());
  lowest.resize(kept);
}

}  // namespace goracs::cpu
