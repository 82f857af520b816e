#include "itra/outer_scores.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

namespace goracs::itra {
namespace {

/// Rows read together before the k-th best is looked at again, at first; then twice as many each time, since each look goes over all bounds.
constexpr std::size_t kFirstRead = 256;

/// The k-th lowest of those that are exact.
std::optional<RowLists::Bound> kth_exact(std::span<const RowLists::Bound> among, std::int64_t k) {
  std::vector<RowLists::Bound> exact;
  std::copy_if(among.begin(), among.end(), std::back_inserter(exact), [](const RowLists::Bound& bound) { return bound.exact; });
  if (static_cast<std::int64_t>(exact.size()) < k) return std::nullopt;
  std::nth_element(exact.begin(), exact.begin() + (k - 1), exact.end());
  return exact[static_cast<std::size_t>(k - 1)];
}

}  // namespace

void OuterScores::read(std::span<Bound*> bounds) {
  rows_read_ += static_cast<std::int64_t>(bounds.size());
#pragma omp parallel
  {
    RowLists::Workspace workspace;
#pragma omp for schedule(static)
    for (std::size_t p = 0; p < bounds.size(); ++p) *bounds[p] = lists_.read(bounds[p]->row, workspace);
  }
}

std::vector<OuterScores::Bound> OuterScores::read_all() {
  std::vector<Bound> all(static_cast<std::size_t>(cost_.rows().size()));
  std::vector<Bound*> places;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].row = static_cast<std::int64_t>(i);
    places.push_back(&all[i]);
  }
  read(places);
  return all;
}

double OuterScores::kth_of_last_best(std::span<const char> excluded, std::int64_t k) {
  std::vector<Bound> bounds;
  RowLists::Workspace workspace;
  for (const std::int64_t row : last_best_)
    if (excluded[static_cast<std::size_t>(row)] == 0) bounds.push_back(lists_.bound(row, workspace));
  std::vector<Bound*> inexact;
  for (Bound& bound : bounds)
    if (!bound.exact) inexact.push_back(&bound);
  read(inexact);
  const std::optional<Bound> kth = kth_exact(bounds, k);
  return kth ? score_.value(kth->score) : std::numeric_limits<double>::infinity();
}

std::vector<OuterScores::Bound> OuterScores::those_at_most(double limit, std::span<const char> excluded) {
  const std::int64_t rows = cost_.rows().size();
  std::vector<Bound> found;
#pragma omp parallel
  {
    RowLists::Workspace workspace;
    std::vector<Bound> own;
#pragma omp for schedule(static) nowait
    for (std::int64_t i = 0; i < rows; ++i)
      if (excluded[static_cast<std::size_t>(i)] == 0 && lists_.can_be_at_most(i, limit)) own.push_back(lists_.bound(i, workspace));
#pragma omp critical
    found.insert(found.end(), own.begin(), own.end());
  }
  return found;
}

void OuterScores::read_until_exact(std::vector<Bound>& bounds, std::int64_t k) {
  // all rows that can be among the k best: their bound is no higher than the k-th best exact score
  std::optional<Bound> limit = kth_exact(bounds, k);
  if (limit) std::erase_if(bounds, [&](const Bound& bound) { return *limit < bound; });
  std::sort(bounds.begin(), bounds.end());
  for (std::size_t begin = 0, at_once = kFirstRead; begin < bounds.size(); at_once *= 2) {
    limit = kth_exact(bounds, k);
    std::vector<Bound*> inexact;
    for (; begin < bounds.size() && inexact.size() < at_once && !(limit && *limit < bounds[begin]); ++begin)
      if (!bounds[begin].exact) inexact.push_back(&bounds[begin]);
    if (inexact.empty()) return;
    read(inexact);
  }
}

std::vector<RowWithScore> OuterScores::best(std::span<const double> column_potential, std::span<const char> excluded, std::int64_t k) {
  const bool known = lists_.move_potential(column_potential);
  k = std::min(k, static_cast<std::int64_t>(std::count(excluded.begin(), excluded.end(), 0)));
  std::vector<Bound> bounds = known && k > 0 ? those_at_most(kth_of_last_best(excluded, k), excluded) : read_all();
  if (k == 0) return {};
  std::erase_if(bounds, [&](const Bound& bound) { return excluded[static_cast<std::size_t>(bound.row)] != 0; });
  read_until_exact(bounds, k);
  std::erase_if(bounds, [](const Bound& bound) { return !bound.exact; });
  const std::int64_t kept = std::min(2 * k, static_cast<std::int64_t>(bounds.size()));
  std::partial_sort(bounds.begin(), bounds.begin() + kept, bounds.end());
  last_best_.clear();
  for (std::int64_t q = 0; q < kept; ++q) last_best_.push_back(bounds[static_cast<std::size_t>(q)].row);
  // d = C - f is larger by the shift at the shifted potential, so y is, and F by shift / n
  const Int128 shift = score_.of_constant(lists_.shift());
  std::vector<RowWithScore> best;
  for (std::int64_t q = 0; q < k; ++q)
    best.push_back({bounds[static_cast<std::size_t>(q)].score - shift, cost_.rows().begin + bounds[static_cast<std::size_t>(q)].row});
  return best;
}

}  // namespace goracs::itra
