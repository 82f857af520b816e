#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/row_block.hpp"

namespace goracs {

/// The sum of all micro-batches' gradients, ((g_0 + g_1) + g_2) + ..., element by element in micro-batch order: the same bits for any number
/// of ranks. Micro-batch b is rank b mod R's. The parameters are in buckets, whose exchanges begin one by one while the others are still computed.
///
/// 4 micro-batches, 3 ranks, a bucket in 3 blocks x y z (rank r sums block r):
///   rank 0 has g0 g3      sends  y of g0 g3 to 1, z of g0 g3 to 2     sums x: g0 + g1 + g2 + g3
///   rank 1 has g1         sends  x of g1 to 0, z of g1 to 2           sums y
///   rank 2 has g2         sends  x of g2 to 0, y of g2 to 1           sums z
///   when all buckets are summed up all ranks gather x y z. Each gradient travels once, each sum once.
class GradientSum {
 public:
  /// buckets: the parameters that each holds, in the order in which they get whole on every rank; together all, without gaps.
  GradientSum(std::int64_t num_micro_batches, std::vector<RowBlock> buckets, Communicator& world);

  /// The gradient of this rank's next micro-batch, to be filled, in ascending b.
  std::span<float> add_micro_batch();
  /// The next bucket of all this rank's micro-batches is filled: its exchange begins. Not collective, waits for nobody. Errors: kPeer.
  void begin_bucket();
  /// Begins those that are left. The sum of all parameters, on every rank; once. Collective. Errors: kPeer.
  std::vector<float> finish();

 private:
  RowBlock block_of(const RowBlock& bucket, int rank) const;
  void sum_bucket(std::size_t bucket, std::vector<float>& sums);

  std::int64_t num_micro_batches_, num_parameters_ = 0;
  std::vector<RowBlock> buckets_;
  Communicator& world_;
  std::vector<std::vector<float>> gradients_;  ///< of this rank's micro-batches
  std::vector<std::unique_ptr<PendingExchange>> begun_;
};

}  // namespace goracs
