#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/interactions.hpp"

namespace goracs {

/// What a user did before an item, and the item: rows of Histories::ratings.
struct HistoryTarget {
  std::int64_t first;   ///< of the history
  std::int64_t target;  ///< its end is right before the target
};

/// Every user's ratings in time order, and the samples taken from them (SPEC 1, rules 3 and 4).
struct Histories {
  std::vector<Interactions::Rating> ratings;  ///< by user in first-seen order, each by time; equal times in file order
  std::vector<std::int64_t> user_begin;       ///< (users + 1)
  std::vector<HistoryTarget> samples;         ///< by the target's time; equal times by user, then in the user's order

  std::span<const Interactions::Rating> of_user(std::int32_t user) const {
    const auto k = static_cast<std::size_t>(user);
    return std::span(ratings).subspan(static_cast<std::size_t>(user_begin[k]), static_cast<std::size_t>(user_begin[k + 1] - user_begin[k]));
  }
};

/// A sample for each rating of a user from the eleventh on, of users with fewer for the last one: up to ten items before it are its history.
/// Samples with a shorter history than `shortest` are left out.
Histories histories_of(const Interactions& interactions, std::int64_t shortest);

}  // namespace goracs
