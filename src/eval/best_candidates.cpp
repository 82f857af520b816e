#include "eval/best_candidates.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <limits>

namespace goracs {
namespace {

using Running = std::span<const std::vector<float>>;
using Candidates = std::vector<std::vector<BeamCandidate>>;

constexpr std::int64_t kPlaces = std::int64_t{1} << 32;  ///< (beam, token) is below
constexpr std::int32_t kAllButSign = 0x7FFFFFFF;

Candidates on_host(const at::Tensor& wide, const at::Tensor& normaliser, Running running, std::int64_t count) {
  const std::int64_t beams = wide.size(1), vocabulary = wide.size(2);
  const auto* values = wide.const_data_ptr<float>();
  const auto* sums = normaliser.const_data_ptr<float>();
  Candidates best(running.size());
  at::parallel_for(0, static_cast<std::int64_t>(running.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      const std::vector<float>& scores = running[static_cast<std::size_t>(n)];
      if (scores.empty()) continue;
      best[static_cast<std::size_t>(n)] =
          best_candidates(values + n * beams * vocabulary, vocabulary, {sums + n * beams, scores.size()}, scores, count);
    }
  });
  return best;
}

/// Scores so far, (N, W, 1) on the logits' device; -inf where there is no such beam.
at::Tensor table_of(Running running, const at::Tensor& wide) {
  at::Tensor scores = at::full({wide.size(0), wide.size(1), 1}, -std::numeric_limits<float>::infinity(), at::kFloat);
  for (std::size_t n = 0; n < running.size(); ++n)
    std::ranges::copy(running[n], scores.mutable_data_ptr<float>() + static_cast<std::int64_t>(n) * wide.size(1));
  return scores.to(wide.device());
}

/// Every candidate is one integer, larger the better: the score's bits, ordered as numbers are, then how far it stands from the end. All differ, so
/// the largest are the same whatever finds them.
Candidates on_device(const at::Tensor& wide, const at::Tensor& normaliser, Running running, std::int64_t count) {
  const std::int64_t vocabulary = wide.size(2), places = wide.size(1) * vocabulary;
  const at::Tensor score = table_of(running, wide) + (wide - normaliser.unsqueeze(-1)) + 0.0;  // + 0: one zero, not two
  at::Tensor bits = score.view(at::kInt).flatten(1);
  bits = at::where(bits.lt(0), bits.bitwise_xor(kAllButSign), bits);
  const at::Tensor from_end = (kPlaces - 1) - at::arange(places, bits.options().dtype(at::kLong));
  const at::Tensor keys = bits.to(at::kLong) * kPlaces + from_end;
  const at::Tensor best = std::get<0>(keys.topk(std::min(count, places), 1)).to(at::kCPU).contiguous();

  Candidates all(running.size());
  for (std::size_t n = 0; n < running.size(); ++n)
    for (std::int64_t k = 0; k < best.size(1) && !running[n].empty(); ++k) {
      const std::int64_t key = best.const_data_ptr<std::int64_t>()[static_cast<std::int64_t>(n) * best.size(1) + k];
      const auto ordered = static_cast<std::int32_t>(key >> 32);
      const std::int64_t place = (kPlaces - 1) - (key & (kPlaces - 1)), beam = place / vocabulary;
      if (beam >= static_cast<std::int64_t>(running[n].size())) continue;
      all[n].push_back(
          {std::bit_cast<float>(ordered < 0 ? ordered ^ kAllButSign : ordered), beam, static_cast<std::int32_t>(place % vocabulary)});
    }
  return all;
}

}  // namespace

Candidates best_candidates(const at::Tensor& logits, Running running, std::int64_t count) {
  const at::Tensor wide = logits.to(at::kFloat).contiguous();
  const at::Tensor normaliser = at::logsumexp(wide, -1).contiguous();
  return wide.is_cpu() ? on_host(wide, normaliser, running, count) : on_device(wide, normaliser, running, count);
}

}  // namespace goracs
