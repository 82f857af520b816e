#include "train/gradient_sum.hpp"

#include <span>

#include "comm/row_block.hpp"

namespace goracs {
namespace {

std::int64_t micro_batches_of(int rank, std::int64_t num_micro_batches, int ranks) {
  return (num_micro_batches - rank + ranks - 1) / ranks;
}

/// The slices `block` of several gradients, one after the other.
std::vector<float> slices(const std::vector<std::vector<float>>& gradients, const RowBlock& block) {
  std::vector<float> all;
  all.reserve(gradients.size() * static_cast<std::size_t>(block.size()));
  for (const auto& gradient : gradients) all.insert(all.end(), gradient.begin() + block.begin, gradient.begin() + block.end);
  return all;
}

}  // namespace

std::vector<float> sum_in_order(const std::vector<std::vector<float>>& local, std::int64_t num_micro_batches, std::int64_t num_parameters,
                                Communicator& world) {
  const int ranks = world.size(), rank = world.rank();
  const RowBlock own = RowBlock::of(num_parameters, rank, ranks);
  std::vector<std::vector<float>> of_rank(static_cast<std::size_t>(ranks));  // slices of `own` from each rank
  of_rank[static_cast<std::size_t>(rank)] = slices(local, own);

  // in round s the partners' numbers add up to s modulo R: each rank has one partner (or itself), and the lower one speaks first
  for (int round = 0; round < ranks; ++round) {
    const int partner = (round - rank + ranks) % ranks;
    if (partner == rank) continue;
    const std::vector<float> outgoing = slices(local, RowBlock::of(num_parameters, partner, ranks));
    auto& incoming = of_rank[static_cast<std::size_t>(partner)];
    incoming.resize(static_cast<std::size_t>(micro_batches_of(partner, num_micro_batches, ranks) * own.size()));
    const auto send = [&] {
      if (!outgoing.empty()) world.send(std::span<const float>(outgoing), partner);
    };
    const auto receive = [&] {
      if (!incoming.empty()) world.receive(std::span<float>(incoming), partner);
    };
    if (rank < partner) {
      send();
      receive();
    } else {
      receive();
      send();
    }
  }

  const auto width = static_cast<std::size_t>(own.size());
  std::vector<float> sum(width, 0.0F);
  for (std::int64_t b = 0; b < num_micro_batches; ++b) {
    const float* slice = of_rank[static_cast<std::size_t>(b % ranks)].data() + static_cast<std::size_t>(b / ranks) * width;
    for (std::size_t k = 0; k < width; ++k) sum[k] += slice[k];
  }
  return world.all_gather(std::span<const float>(sum));
}

}  // namespace goracs
