#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/philox.hpp"
#include "eval/classification_metrics.hpp"

namespace goracs {
namespace {

using Labels = std::vector<std::int64_t>;
using Scores = std::vector<double>;

TEST(RocAuc, IsTheShareOfRightlyOrderedPairsTiesHalf) {
  const Labels labels = {1, 0, 1, 0};
  EXPECT_EQ(roc_auc(labels, Scores{0.9, 0.1, 0.8, 0.2}).value, 1.0);
  EXPECT_EQ(roc_auc(labels, Scores{0.1, 0.9, 0.2, 0.8}).value, 0.0);
  EXPECT_EQ(roc_auc(labels, Scores{0.5, 0.5, 0.5, 0.5}).value, 0.5);
  EXPECT_EQ(roc_auc(labels, Scores{0.7, 0.7, 0.8, 0.9}).value, 1.5 / 4);  // 0.7-0.7 tie, 0.7 < 0.9, 0.8 > 0.7, 0.8 < 0.9
}

TEST(RocAuc, EqualsThePairwiseCountAndDeLongsVarianceOnRandomScoresWithTies) {
  const Philox random(3, "auc");
  for (const std::size_t n : {5U, 31U, 33U, 200U}) {
    Labels labels(n);
    Scores scores(n);
    for (std::size_t i = 0; i < n; ++i) {
      labels[i] = i == 0 || i == 1 ? 1 : i == 2 || i == 3 ? 0 : random.uniform(i) < 0.4F ? 1 : 0;
      scores[i] = std::floor(random.uniform(i, n) * 12) / 12;
    }
    // V of DeLong by its definition, pair by pair
    Scores positive_share, negative_share;
    for (std::size_t i = 0; i < n; ++i) {
      double right = 0, others = 0;
      for (std::size_t j = 0; j < n; ++j) {
        if (labels[j] == labels[i]) continue;
        const double order = (scores[i] - scores[j]) * (labels[i] == 1 ? 1 : -1);
        right += order > 0 ? 1.0 : order == 0 ? 0.5 : 0.0;
        others += 1;
      }
      (labels[i] == 1 ? positive_share : negative_share).push_back(right / others);
    }
    const Estimate positive = mean_of(positive_share), negative = mean_of(negative_share), auc = roc_auc(labels, scores);
    EXPECT_NEAR(auc.value, positive.value, 1e-14);
    EXPECT_NEAR(auc.standard_error, std::hypot(positive.standard_error, negative.standard_error), 1e-14);
  }
}

TEST(RocAuc, IsUndefinedForOneClassAndHasNoErrorForASinglePositive) {
  EXPECT_TRUE(std::isnan(roc_auc(Labels{1, 1}, Scores{0.2, 0.4}).value));
  EXPECT_TRUE(std::isnan(roc_auc(Labels{0, 0}, Scores{0.2, 0.4}).value));
  const Estimate single = roc_auc(Labels{1, 0, 0}, Scores{0.3, 0.2, 0.4});
  EXPECT_EQ(single.value, 0.5);
  EXPECT_TRUE(std::isnan(single.standard_error));
}

TEST(LogLoss, ClipsProbabilitiesOfZeroAndOne) {
  constexpr double kEps = std::numeric_limits<double>::epsilon();
  EXPECT_DOUBLE_EQ(log_loss(Labels{1}, Scores{0.25}).value, std::log(4.0));
  EXPECT_DOUBLE_EQ(log_loss(Labels{0}, Scores{0.25}).value, -std::log(0.75));
  EXPECT_DOUBLE_EQ(log_loss(Labels{1}, Scores{0}).value, -std::log(kEps));
  EXPECT_DOUBLE_EQ(log_loss(Labels{0}, Scores{1}).value, -std::log(1.0 - (1.0 - kEps)));
}

TEST(ManyClasses, AreMeasuredByAccuracyLogLossAndMacroAuc) {
  Matrix<double> p(4, 3);
  const double values[4][3] = {{0.5, 0.25, 0.25}, {0.25, 0.5, 0.25}, {0.5, 0.25, 0.25}, {0.25, 0.375, 0.375}};
  for (int i = 0; i < 4; ++i)
    for (int k = 0; k < 3; ++k) p(i, k) = values[i][k];
  const Labels labels = {0, 1, 2, 2};
  EXPECT_DOUBLE_EQ(accuracy(labels, p.view()).value, 0.5) << "the tie of the last row goes to class 1";
  EXPECT_DOUBLE_EQ(log_loss(labels, p.view()).value, (std::log(2.0) + std::log(2.0) + std::log(4.0) - std::log(0.375)) / 4);
  // class 0: 0.5 against 0.25, 0.5, 0.25 -> 2.5 / 3; class 1: 0.5 first of all -> 1; class 2: {0.25, 0.375} against {0.25, 0.25} -> 3 / 4
  EXPECT_DOUBLE_EQ(macro_roc_auc(labels, p.view()).value, (2.5 / 3 + 1 + 0.75) / 3);
  EXPECT_TRUE(std::isnan(macro_roc_auc(Labels{1, 1, 1, 1}, p.view()).value));
  EXPECT_DOUBLE_EQ(macro_roc_auc(Labels{0, 0, 1, 1}, p.view()).value, (0.5 + 0.375) / 2) << "class 2 has no sample and is left out";
  EXPECT_EQ(classes_present(Labels{0, 2, 2, 0}, 3), 2);
}

TEST(ManyClasses, TwoOfThemGiveTheBinaryAreaAndError) {
  Matrix<double> p(6, 2);
  const Labels labels = {0, 1, 0, 1, 1, 0};
  const Scores scores = {0.3, 0.6, 0.7, 0.7, 0.2, 0.1};
  for (std::size_t i = 0; i < 6; ++i) {
    p(static_cast<std::int64_t>(i), 1) = scores[i];
    p(static_cast<std::int64_t>(i), 0) = 1 - scores[i];
  }
  const Estimate macro = macro_roc_auc(labels, p.view()), binary = roc_auc(labels, scores);
  EXPECT_DOUBLE_EQ(macro.value, binary.value);
  EXPECT_DOUBLE_EQ(macro.standard_error, binary.standard_error) << "the two curves are one: averaging must not shrink the error";
}

}  // namespace
}  // namespace goracs
