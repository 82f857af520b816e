#include "train/gradient_sum.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace goracs {
namespace {

std::int64_t micro_batches_of(int rank, std::int64_t num_micro_batches, int ranks) {
  return (num_micro_batches - rank + ranks - 1) / ranks;
}

}  // namespace

GradientSum::GradientSum(std::int64_t num_micro_batches, std::vector<RowBlock> buckets, Communicator& world)
    : num_micro_batches_(num_micro_batches), buckets_(std::move(buckets)), world_(world) {
  for (const RowBlock& bucket : buckets_) num_parameters_ += bucket.size();
}

std::span<float> GradientSum::add_micro_batch() { return gradients_.emplace_back(static_cast<std::size_t>(num_parameters_)); }

/// The parameters of a bucket that `rank` sums up.
RowBlock GradientSum::block_of(const RowBlock& bucket, int rank) const {
  const RowBlock within = RowBlock::of(bucket.size(), rank, world_.size());
  return {bucket.begin + within.begin, bucket.begin + within.end};
}

void GradientSum::begin_bucket() {
  const RowBlock& bucket = buckets_[begun_.size()];
  const std::size_t own_bytes = static_cast<std::size_t>(block_of(bucket, world_.rank()).size()) * sizeof(float);
  std::vector<std::vector<std::byte>> parts(static_cast<std::size_t>(world_.size()));  // a rank's block of each gradient
  std::vector<std::size_t> lengths;
  for (int r = 0; r < world_.size(); ++r) {
    const RowBlock block = block_of(bucket, r);
    for (const std::vector<float>& gradient : gradients_) {
      const auto bytes =
          std::as_bytes(std::span(gradient).subspan(static_cast<std::size_t>(block.begin), static_cast<std::size_t>(block.size())));
      parts[static_cast<std::size_t>(r)].insert(parts[static_cast<std::size_t>(r)].end(), bytes.begin(), bytes.end());
    }
    lengths.push_back(static_cast<std::size_t>(micro_batches_of(r, num_micro_batches_, world_.size())) * own_bytes);
  }
  begun_.push_back(world_.begin_exchange("sum of gradients", std::move(parts), std::move(lengths)));
  for (const auto& exchange : begun_) exchange->advance();
}

/// Appends this rank's block of the bucket, summed up.
void GradientSum::sum_bucket(std::size_t bucket, std::vector<float>& sums) {
  const std::vector<std::vector<std::byte>> of_rank = begun_[bucket]->finish();
  const auto width = static_cast<std::size_t>(block_of(buckets_[bucket], world_.rank()).size());
  std::vector<float> sum(width, 0.0F), slice(width);
  if (width == 0) return;
  for (std::int64_t b = 0; b < num_micro_batches_; ++b) {
    const auto rank = static_cast<std::size_t>(b % world_.size()), nth = static_cast<std::size_t>(b / world_.size());
    std::memcpy(slice.data(), of_rank[rank].data() + nth * width * sizeof(float), width * sizeof(float));
    for (std::size_t k = 0; k < width; ++k) sum[k] += slice[k];
  }
  sums.insert(sums.end(), sum.begin(), sum.end());
}

std::vector<float> GradientSum::finish() {
  while (begun_.size() < buckets_.size()) begin_bucket();
  std::vector<float> own;
  for (std::size_t k = 0; k < buckets_.size(); ++k) sum_bucket(k, own);
  begun_.clear();
  const std::vector<float> all = world_.all_gather(std::span<const float>(own));  // each rank's blocks, bucket by bucket
  std::vector<float> sum(static_cast<std::size_t>(num_parameters_));
  auto next = all.begin();
  for (int r = 0; r < world_.size(); ++r)
    for (const RowBlock& bucket : buckets_) {
      const RowBlock block = block_of(bucket, r);
      std::copy_n(next, block.size(), sum.begin() + block.begin);
      next += block.size();
    }
  return sum;
}

}  // namespace goracs
