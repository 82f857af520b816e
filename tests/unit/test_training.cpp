// The parts of finetuning that need no model: schedule, order of samples, AdamW, clipping, early stopping.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "train/adam_w.hpp"
#include "train/early_stopping.hpp"
#include "train/epoch_order.hpp"
#include "train/learning_rate.hpp"

namespace goracs {
namespace {

TEST(LearningRate, RisesFromZeroThenFallsToZero) {
  const LearningRate rate{0.8, 4, 12};
  EXPECT_EQ(rate.at(0), 0.0);
  EXPECT_DOUBLE_EQ(rate.at(1), 0.2);
  EXPECT_DOUBLE_EQ(rate.at(4), 0.8);
  EXPECT_DOUBLE_EQ(rate.at(5), 0.7);
  EXPECT_DOUBLE_EQ(rate.at(11), 0.1);
  EXPECT_EQ(rate.at(12), 0.0);
}

TEST(LearningRate, StartsAtItsPeakWithoutWarmUpAndStaysBelowItWhenTheRunIsShorter) {
  EXPECT_DOUBLE_EQ((LearningRate{0.5, 0, 2}.at(0)), 0.5);
  EXPECT_DOUBLE_EQ((LearningRate{0.5, 20, 4}.at(3)), 0.075);
}

TEST(AdamW, TakesAFirstStepOfTheRateInEachSign) {
  // after one step the corrected moments are g and g^2: each parameter moves by rate * sign(g)
  const AdamW adam;
  AdamW::State state = AdamW::start(2);
  std::vector<float> parameters = {1, 1};
  adam.update(state, parameters, std::vector<float>{4, -0.25F}, 0.125);
  EXPECT_NEAR(parameters[0], 0.875, 1e-6);
  EXPECT_NEAR(parameters[1], 1.125, 1e-6);
  EXPECT_EQ(state.steps, 1);
}

TEST(AdamW, FollowsItsFormulaAndDecaysTheWeightApartFromTheGradient) {
  const AdamW adam{.weight_decay = 0.5};
  AdamW::State state = AdamW::start(1);
  std::vector<float> parameters = {2};
  double m = 0, v = 0, p = 2;
  const std::vector<float> gradients = {1, -3, 0, 2};
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    const double g = gradients[k], rate = 0.01 * static_cast<double>(k), t = static_cast<double>(k) + 1;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    p = p * (1 - rate * 0.5) - rate * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    adam.update(state, parameters, std::vector<float>{gradients[k]}, rate);
    EXPECT_NEAR(parameters[0], p, 1e-5) << "step " << k;
  }
}

TEST(ClipToNorm, ScalesLongGradientsOnly) {
  std::vector<float> gradient = {3, 4};
  EXPECT_DOUBLE_EQ(l2_norm(gradient), 5);
  clip_to_norm(gradient, 5, 10);
  EXPECT_EQ(gradient, (std::vector<float>{3, 4}));
  clip_to_norm(gradient, 5, 0);
  EXPECT_EQ(gradient, (std::vector<float>{3, 4})) << "0 clips nothing";
  clip_to_norm(gradient, 5, 1);
  EXPECT_NEAR(gradient[0], 0.6, 1e-6);
  EXPECT_NEAR(gradient[1], 0.8, 1e-6);
}

TEST(EarlyStopping, GivesUpAfterPatienceEvaluationsWithoutABetterOne) {
  EarlyStopping stopping{.patience = 2};
  EXPECT_TRUE(stopping.is_best(10, 1.0));
  EXPECT_FALSE(stopping.is_best(20, 1.0)) << "an equal loss is no improvement";
  EXPECT_FALSE(stopping.should_stop());
  EXPECT_TRUE(stopping.is_best(30, 0.5));
  EXPECT_FALSE(stopping.is_best(40, 0.6));
  EXPECT_FALSE(stopping.is_best(50, 0.7));
  EXPECT_TRUE(stopping.should_stop());
  EXPECT_EQ(stopping.best_step, 30);
  EXPECT_EQ(stopping.best_loss, 0.5);
}

std::vector<std::int64_t> lengths_up_to(std::int64_t count) {
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) lengths[static_cast<std::size_t>(i)] = (i * 37) % 101;
  return lengths;
}

std::vector<std::int64_t> epoch_of(const EpochOrder& order, std::int64_t epoch) {
  std::vector<std::int64_t> all;
  for (std::int64_t step = 0; step < order.steps_per_epoch(); ++step)
    for (const auto& micro : order.batch(epoch * order.steps_per_epoch() + step).micro_batches)
      all.insert(all.end(), micro.begin(), micro.end());
  return all;
}

TEST(EpochOrder, TakesEverySampleOnceAnEpochInAnOrderOfItsOwn) {
  for (const bool grouped : {false, true}) {
    for (const std::int64_t count : {1, 7, 32, 33, 1000}) {
      const EpochOrder order(lengths_up_to(count), {8, 4, grouped}, 5);
      const auto first = epoch_of(order, 0), second = epoch_of(order, 1);
      EXPECT_EQ(std::set<std::int64_t>(first.begin(), first.end()).size(), static_cast<std::size_t>(count));
      EXPECT_EQ(first.size(), static_cast<std::size_t>(count));
      EXPECT_EQ(first, epoch_of(EpochOrder(lengths_up_to(count), {8, 4, grouped}, 5), 0)) << "the same seed, the same order";
      if (count <= 8) continue;  // too few orders to be surely different
      EXPECT_NE(first, second);
      EXPECT_NE(first, epoch_of(EpochOrder(lengths_up_to(count), {8, 4, grouped}, 6), 0));
    }
  }
}

TEST(EpochOrder, CutsBatchesIntoMicroBatchesAndLeavesTheRestToTheLastOne) {
  const EpochOrder order(lengths_up_to(21), {8, 3, false}, 0);
  EXPECT_EQ(order.steps_per_epoch(), 3);
  const auto sizes = [](const GlobalBatch& batch) {
    std::vector<std::size_t> all;
    for (const auto& micro : batch.micro_batches) all.push_back(micro.size());
    return all;
  };
  EXPECT_EQ(sizes(order.batch(0)), (std::vector<std::size_t>{3, 3, 2}));
  EXPECT_EQ(sizes(order.batch(2)), (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(order.plan(4).total_steps, 12);
}

TEST(EpochOrder, GroupsSamplesOfSimilarLength) {
  const auto lengths = lengths_up_to(1000);
  const auto spread = [&](bool grouped) {  // padding of all batches of 8
    const EpochOrder order(lengths, {8, 8, grouped}, 1);
    std::int64_t padding = 0;
    for (std::int64_t step = 0; step < order.steps_per_epoch(); ++step) {
      const auto micro = order.batch(step).micro_batches[0];
      std::int64_t longest = 0;
      for (const auto i : micro) longest = std::max(longest, lengths[static_cast<std::size_t>(i)]);
      for (const auto i : micro) padding += longest - lengths[static_cast<std::size_t>(i)];
    }
    return padding;
  };
  EXPECT_LT(spread(true) * 5, spread(false));
}

TEST(Shuffled, PutsEachNumberEverywhereEquallyOften) {
  constexpr std::int64_t kCount = 5, kTries = 5000;
  std::int64_t seen[kCount][kCount] = {};
  for (std::int64_t t = 0; t < kTries; ++t) {
    const auto order = shuffled(kCount, 9, "test", t);
    for (std::int64_t k = 0; k < kCount; ++k) ++seen[k][order[static_cast<std::size_t>(k)]];
  }
  const double expected = static_cast<double>(kTries) / kCount, deviation = std::sqrt(expected * (1 - 1.0 / kCount));
  for (const auto& row : seen)
    for (const std::int64_t n : row) EXPECT_NEAR(static_cast<double>(n), expected, 5 * deviation);
}

}  // namespace
}  // namespace goracs
