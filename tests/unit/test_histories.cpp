#include "data/histories.hpp"

#include <gtest/gtest.h>

namespace goracs {
namespace {

/// One user's ratings of items 0, 1, ... at these times.
Interactions at_times(const std::vector<double>& times) {
  Interactions interactions;
  for (std::size_t k = 0; k < times.size(); ++k)
    interactions.ratings.push_back({interactions.users.add("u"), static_cast<std::int32_t>(k), times[k], true});
  return interactions;
}

TEST(Histories, FewRatingsGiveOneSampleWithAllBeforeTheLast) {
  const Histories histories = histories_of(at_times({3, 1, 2}), 1);
  ASSERT_EQ(histories.samples.size(), 1U);
  EXPECT_EQ(histories.samples[0].first, 0);
  EXPECT_EQ(histories.samples[0].target, 2);
  EXPECT_EQ(histories.ratings[0].item, 1);
  EXPECT_EQ(histories.ratings[2].item, 0);
}

TEST(Histories, FromTheEleventhRatingOnEachIsATargetOfTheTenBefore) {
  std::vector<double> times(13);
  for (std::size_t k = 0; k < times.size(); ++k) times[k] = static_cast<double>(k);
  const Histories histories = histories_of(at_times(times), 1);
  ASSERT_EQ(histories.samples.size(), 3U);
  for (std::int64_t k = 0; k < 3; ++k) {
    EXPECT_EQ(histories.samples[static_cast<std::size_t>(k)].first, k);
    EXPECT_EQ(histories.samples[static_cast<std::size_t>(k)].target, 10 + k);
  }
}

TEST(Histories, ShorterOnesThanAskedForAreLeftOut) {
  EXPECT_EQ(histories_of(at_times({1}), 0).samples.size(), 1U);
  EXPECT_EQ(histories_of(at_times({1}), 1).samples.size(), 0U);
  EXPECT_EQ(histories_of(at_times({1, 2, 3}), 3).samples.size(), 0U);
  EXPECT_EQ(histories_of(at_times({1, 2, 3, 4}), 3).samples.size(), 1U);
}

TEST(Histories, EqualTimesKeepTheOrderOfTheFileAndOfTheUsers) {
  Interactions interactions;
  const auto rate = [&](const char* user, std::int32_t item, double time) {
    interactions.ratings.push_back({interactions.users.add(user), item, time, true});
  };
  rate("b", 0, 5);
  rate("a", 1, 5);
  rate("b", 2, 5);
  rate("a", 3, 4);
  const Histories histories = histories_of(interactions, 0);
  ASSERT_EQ(histories.samples.size(), 2U);
  const auto target_item = [&](std::size_t k) { return histories.ratings[static_cast<std::size_t>(histories.samples[k].target)].item; };
  EXPECT_EQ(target_item(0), 2) << "b was seen first";
  EXPECT_EQ(target_item(1), 1);
  EXPECT_EQ(histories.of_user(0).front().item, 0);
  EXPECT_EQ(histories.of_user(1).front().item, 3);
}

}  // namespace
}  // namespace goracs
