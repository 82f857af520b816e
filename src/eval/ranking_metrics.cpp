#include "eval/ranking_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace goracs {
namespace {

template <class Each>
Estimate mean_over(std::size_t count, Each&& value_of) {
  std::vector<double> values(count);
  for (std::size_t s = 0; s < count; ++s) values[s] = value_of(s);
  return mean_of(values);
}

double expected(const Standing& standing, std::int64_t top_k, double (*value)(std::int64_t, std::int64_t)) {
  double sum = 0;
  for (std::int64_t t = 0; t <= standing.tied; ++t) sum += value(standing.nearer + t, top_k);
  return sum / static_cast<double>(standing.tied + 1);
}

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c) {
    const double difference = static_cast<double>(a[c]) - static_cast<double>(b[c]);
    sum += difference * difference;
  }
  return sum;
}

}  // namespace

double hit(std::int64_t rank, std::int64_t top_k) { return rank < top_k ? 1.0 : 0.0; }

double discounted_gain(std::int64_t rank, std::int64_t top_k) {
  return rank < top_k ? std::log(2.0) / std::log(static_cast<double>(rank) + 2.0) : 0.0;
}

Estimate hit_rate(std::span<const std::int64_t> ranks, std::int64_t top_k) {
  return mean_over(ranks.size(), [&](std::size_t s) { return hit(ranks[s], top_k); });
}

Estimate ndcg(std::span<const std::int64_t> ranks, std::int64_t top_k) {
  return mean_over(ranks.size(), [&](std::size_t s) { return discounted_gain(ranks[s], top_k); });
}

Estimate hit_rate(std::span<const Standing> standings, std::int64_t top_k) {
  return mean_over(standings.size(), [&](std::size_t s) { return expected(standings[s], top_k, hit); });
}

Estimate ndcg(std::span<const Standing> standings, std::int64_t top_k) {
  return mean_over(standings.size(), [&](std::size_t s) { return expected(standings[s], top_k, discounted_gain); });
}

std::int64_t rank_by_distance(MatrixView<const float> items, std::span<const float> prediction, std::span<const std::int64_t> targets,
                              std::span<const std::int64_t> others) {
  double best = std::numeric_limits<double>::infinity();
  for (const std::int64_t row : targets) best = std::min(best, squared_distance(items.row(row), prediction));
  return std::ranges::count_if(others, [&](std::int64_t row) { return squared_distance(items.row(row), prediction) < best; });
}

Standing rank_by_popularity(std::span<const std::int64_t> count, std::int64_t target, std::span<const std::int64_t> others) {
  const std::int64_t own = count[static_cast<std::size_t>(target)];
  Standing standing;
  for (const std::int64_t row : others) {
    const std::int64_t other = count[static_cast<std::size_t>(row)];
    standing.nearer += other > own ? 1 : 0;
    standing.tied += other == own ? 1 : 0;
  }
  return standing;
}

}  // namespace goracs
