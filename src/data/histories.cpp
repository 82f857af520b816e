#include "data/histories.hpp"

#include <algorithm>

namespace goracs {

Histories histories_of(const Interactions& interactions, std::int64_t shortest) {
  constexpr std::int64_t kLongest = 10;  // items of history
  using Rating = Interactions::Rating;
  Histories histories;
  const auto num_users = static_cast<std::size_t>(interactions.users.size());
  auto& begin = histories.user_begin;
  begin.assign(num_users + 1, 0);
  for (const Rating& rating : interactions.ratings) ++begin[static_cast<std::size_t>(rating.user) + 1];
  for (std::size_t user = 0; user < num_users; ++user) begin[user + 1] += begin[user];

  auto& ratings = histories.ratings;
  ratings.resize(interactions.ratings.size());
  std::vector<std::int64_t> next(begin.begin(), begin.end() - 1);
  for (const Rating& rating : interactions.ratings)
    ratings[static_cast<std::size_t>(next[static_cast<std::size_t>(rating.user)]++)] = rating;

  const auto time_of = [&](std::int64_t row) { return ratings[static_cast<std::size_t>(row)].time; };
  for (std::size_t user = 0; user < num_users; ++user) {
    std::stable_sort(ratings.begin() + begin[user], ratings.begin() + begin[user + 1],
                     [](const Rating& a, const Rating& b) { return a.time < b.time; });
    const std::int64_t count = begin[user + 1] - begin[user];
    for (std::int64_t i = std::min(kLongest, count - 1); i < count; ++i) {
      const std::int64_t first = std::max<std::int64_t>(i - kLongest, 0);
      if (i - first >= shortest) histories.samples.push_back({begin[user] + first, begin[user] + i});
    }
  }
  std::stable_sort(histories.samples.begin(), histories.samples.end(),
                   [&](const HistoryTarget& a, const HistoryTarget& b) { return time_of(a.target) < time_of(b.target); });
  return histories;
}

}  // namespace goracs
