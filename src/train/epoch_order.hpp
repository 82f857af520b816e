#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace goracs {

/// The samples of one optimizer step, as indices: micro_batches[b] goes to rank b mod R.
struct GlobalBatch {
  std::vector<std::vector<std::int64_t>> micro_batches;
};

/// All steps of a run and what each takes.
struct BatchPlan {
  std::int64_t total_steps = 0;
  std::function<GlobalBatch(std::int64_t step)> batch;
};

struct BatchSizes {
  std::int64_t batch = 0;  ///< samples of a step, over all ranks; a multiple of `micro_batch`
  std::int64_t micro_batch = 0;
  bool group_by_length = false;
};

/// Which samples each step takes: a seeded shuffle an epoch, a function of (seed, epoch) alone, so that a step's number is the whole position
/// of the sampler. The last batch of an epoch, and its last micro-batch, may be smaller.
///
/// Grouped by length, the shuffled samples are cut into stretches of several batches, each sorted by length, longest first: neighbours in a
/// micro-batch differ little, and what is in a stretch changes every epoch. The batches are then shuffled, so that long ones are not first.
class EpochOrder {
 public:
  EpochOrder(std::vector<std::int64_t> lengths, const BatchSizes& sizes, std::uint64_t seed);

  std::int64_t steps_per_epoch() const;
  GlobalBatch batch(std::int64_t step) const;
  BatchPlan plan(std::int64_t epochs) const;
  /// All samples in the order in which an epoch takes them.
  std::vector<std::int64_t> order(std::int64_t epoch) const;

 private:
  std::vector<std::int64_t> lengths_;
  BatchSizes sizes_;
  std::uint64_t seed_;
  mutable std::int64_t kept_epoch_ = -1;
  mutable std::vector<std::int64_t> kept_order_;
};

/// 0 .. count-1 in an order drawn by (seed, name) alone.
std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed, const char* name, std::int64_t stream);

}  // namespace goracs
