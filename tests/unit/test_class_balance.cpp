// What a user is told of classes: how often each stands in a coreset, and whether the gradient norm marks one.
#include <gtest/gtest.h>

#include <cmath>

#include "stages/class_shares.hpp"
#include "stages/norm_correlations.hpp"

namespace goracs {
namespace {

const std::vector<std::string> kYesNo = {"Yes", "No"};

TEST(ClassShares, CountTheRowsOfEachClass) {
  const std::vector<std::int64_t> coreset = {0, 2, 4};
  const std::vector<std::int32_t> train = {0, 1, 0, 1, 1}, valid = {1, 1, 0, 1};
  const ClassShares shares = ClassShares::of(kYesNo, coreset, train, valid);
  EXPECT_EQ(shares.coreset, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(shares.pool, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(shares.valid, (std::vector<std::int64_t>{1, 3}));
}

TEST(ClassShares, AreEmptyWithoutClasses) {
  const std::vector<std::int64_t> coreset = {0, 2};
  EXPECT_TRUE(ClassShares::of({}, coreset, {}, {}).coreset.empty());
}

/// -ln p of samples whose true answer has these probabilities.
std::vector<double> losses(const std::vector<double>& p) {
  std::vector<double> loss;
  for (const double one : p) loss.push_back(-std::log(one));
  return loss;
}

TEST(NormCorrelations, FindANormThatMarksAClass) {
  const std::vector<double> norm = {0.2, 0.2, 0.8, 0.8};
  const std::vector<std::int32_t> label = {0, 0, 1, 1};
  const NormCorrelations found = NormCorrelations::of(norm, losses({0.8, 0.8, 0.2, 0.2}), label, kYesNo);
  EXPECT_NEAR(found.with_one_minus_p, 1, 1e-12);  // the norm is 1 - p
  EXPECT_NEAR(found.with_class[0], -1, 1e-12);
  EXPECT_NEAR(found.with_class[1], 1, 1e-12);
  EXPECT_TRUE(std::isnan(found.inside_classes)) << "nothing varies inside the classes";
  EXPECT_GE(found.followed_class(), 0);
}

TEST(NormCorrelations, SayNothingOfANormThatIsTheSameInAllClasses) {
  const std::vector<double> norm = {0.2, 0.8, 0.2, 0.8};
  const std::vector<std::int32_t> label = {0, 0, 1, 1};
  const NormCorrelations found = NormCorrelations::of(norm, losses({0.9, 0.1, 0.7, 0.3}), label, kYesNo);
  EXPECT_NEAR(found.with_class[0], 0, 1e-12);
  EXPECT_EQ(found.followed_class(), -1);
  EXPECT_NEAR(found.inside_classes, 1, 1e-12);  // two rows a class lie on a line
}

TEST(NormCorrelations, WithoutClassesAreOfThePoolAlone) {
  const std::vector<double> norm = {1, 2, 3};
  const NormCorrelations found = NormCorrelations::of(norm, losses({0.5, 0.5, 0.5}), {}, {});
  EXPECT_TRUE(std::isnan(found.with_one_minus_p));
  EXPECT_TRUE(found.with_class.empty());
  EXPECT_EQ(found.followed_class(), -1);
}

}  // namespace
}  // namespace goracs
