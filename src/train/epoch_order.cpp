#include "train/epoch_order.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/philox.hpp"

namespace goracs {
namespace {

/// A whole number in 0 .. bound-1, each equally likely to 2^-32 and better: the high half of a 64 x 32 bit product.
std::int64_t below(const Philox& random, std::uint64_t k, std::uint64_t stream, std::int64_t bound) {
  const auto draw = random.block(k, stream);
  const std::uint64_t high = draw[0], low = draw[1];
  const auto limit = static_cast<std::uint64_t>(bound);
  return static_cast<std::int64_t>((high * limit + ((low * limit) >> 32)) >> 32);  // bound < 2^32
}

}  // namespace

std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed, const char* name, std::int64_t stream) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const Philox random(seed, name);
  for (std::int64_t k = count - 1; k > 0; --k)  // Fisher and Yates
    std::swap(order[static_cast<std::size_t>(k)],
              order[static_cast<std::size_t>(below(random, static_cast<std::uint64_t>(k), static_cast<std::uint64_t>(stream), k + 1))]);
  return order;
}

EpochOrder::EpochOrder(std::vector<std::int64_t> lengths, const BatchSizes& sizes, std::uint64_t seed)
    : lengths_(std::move(lengths)), sizes_(sizes), seed_(seed) {}

std::int64_t EpochOrder::steps_per_epoch() const { return (static_cast<std::int64_t>(lengths_.size()) + sizes_.batch - 1) / sizes_.batch; }

std::vector<std::int64_t> EpochOrder::order(std::int64_t epoch) const {
  const auto count = static_cast<std::int64_t>(lengths_.size());
  std::vector<std::int64_t> all = shuffled(count, seed_, "epoch order", epoch);
  if (!sizes_.group_by_length) return all;

  // at least four stretches an epoch where there are batches enough, so that grouping leaves something to chance
  constexpr std::int64_t kStretches = 4, kMostBatches = 50;
  const std::int64_t stretch = std::clamp<std::int64_t>(count / (sizes_.batch * kStretches), 1, kMostBatches) * sizes_.batch;
  for (std::int64_t begin = 0; begin < count; begin += stretch)
    std::stable_sort(all.begin() + begin, all.begin() + std::min(begin + stretch, count), [this](std::int64_t a, std::int64_t b) {
      return lengths_[static_cast<std::size_t>(a)] > lengths_[static_cast<std::size_t>(b)];
    });

  // whole batches change places; a smaller one stays last
  const std::int64_t whole = count / sizes_.batch;
  std::vector<std::int64_t> grouped;
  grouped.reserve(all.size());
  for (const std::int64_t batch : shuffled(whole, seed_, "batch order", epoch))
    grouped.insert(grouped.end(), all.begin() + batch * sizes_.batch, all.begin() + (batch + 1) * sizes_.batch);
  grouped.insert(grouped.end(), all.begin() + whole * sizes_.batch, all.end());
  return grouped;
}

GlobalBatch EpochOrder::batch(std::int64_t step) const {
  const std::int64_t epoch = step / steps_per_epoch(), within = step % steps_per_epoch();
  if (epoch != kept_epoch_) {
    kept_order_ = order(epoch);
    kept_epoch_ = epoch;
  }
  const auto count = static_cast<std::int64_t>(kept_order_.size());
  const std::int64_t end = std::min((within + 1) * sizes_.batch, count);
  GlobalBatch global;
  for (std::int64_t begin = within * sizes_.batch; begin < end; begin += sizes_.micro_batch)
    global.micro_batches.emplace_back(kept_order_.begin() + begin, kept_order_.begin() + std::min(begin + sizes_.micro_batch, end));
  return global;
}

BatchPlan EpochOrder::plan(std::int64_t epochs) const {
  return {epochs * steps_per_epoch(), [order = *this](std::int64_t step) { return order.batch(step); }};
}

}  // namespace goracs
