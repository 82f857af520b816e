#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "eval/estimate.hpp"

namespace goracs {

/// Where a target stands among {target} and others (SPEC 8): `nearer` of them are strictly before it, `tied` are level with it.
struct Standing {
  std::int64_t nearer = 0;
  std::int64_t tied = 0;
};

/// HR@K: 1 when rank < K, else 0. NDCG@K: ln 2 / ln(rank + 2) when rank < K, else 0. `rank` counts from 0.
double hit(std::int64_t rank, std::int64_t top_k);
double discounted_gain(std::int64_t rank, std::int64_t top_k);

/// Means over the samples, each with the standard error of a mean.
Estimate hit_rate(std::span<const std::int64_t> ranks, std::int64_t top_k);
Estimate ndcg(std::span<const std::int64_t> ranks, std::int64_t top_k);

/// The same where ties are to be broken at random: the expected value over the ranks nearer .. nearer + tied, all equally likely.
/// Popularity counts tie often; distances never do in practice.
Estimate hit_rate(std::span<const Standing> standings, std::int64_t top_k);
Estimate ndcg(std::span<const Standing> standings, std::int64_t top_k);

/// The target's rank by L2 distance to `prediction`, distances in double: the number of `others` strictly nearer than the nearest of
/// `targets`. A title may have several item rows: the target takes its best one, every row of the others counts, a row listed twice
/// counts twice.
///   items       (I, h) float32     prediction  (h)     targets, others: rows of items
std::int64_t rank_by_distance(MatrixView<const float> items, std::span<const float> prediction, std::span<const std::int64_t> targets,
                              std::span<const std::int64_t> others);

/// The target among the others by how often each title was a target in the training pool, most frequent first.
///   count (I): of item row i's title
Standing rank_by_popularity(std::span<const std::int64_t> count, std::int64_t target, std::span<const std::int64_t> others);

}  // namespace goracs
