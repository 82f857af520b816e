// Every method's score and bound against the best of all coresets: costs by SPEC 5 in double, transports by LEMON.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "all_coresets.hpp"
#include "comm/self_communicator.hpp"
#include "itra/selection.hpp"
#include "support/selection_data.hpp"

namespace goracs {
namespace {

constexpr double kTolerance = 2e-6;  // the costs of the program are float32

/// C of SPEC 5, without classes.
Matrix<float> costs_of(const test::SelectionData& data, double lambda) {
  Matrix<double> cost(data.train.rows(), data.valid.rows());
  double largest_distance = 0, largest_norm = 0, least = INFINITY, most = -INFINITY;
  for (std::int64_t i = 0; i < cost.rows(); ++i)
    for (std::int64_t j = 0; j < cost.cols(); ++j) {
      double squares = 0;
      for (std::int64_t c = 0; c < data.train.cols(); ++c)
        squares += std::pow(static_cast<double>(data.train(i, c)) - static_cast<double>(data.valid(j, c)), 2);
      cost(i, j) = std::sqrt(squares);
      largest_distance = std::max(largest_distance, cost(i, j));
    }
  for (const double norm : data.gradient_norm) largest_norm = std::max(largest_norm, norm);
  for (std::int64_t i = 0; i < cost.rows(); ++i)
    for (std::int64_t j = 0; j < cost.cols(); ++j) {
      cost(i, j) = cost(i, j) / largest_distance - lambda * data.gradient_norm[static_cast<std::size_t>(i)] / largest_norm;
      least = std::min(least, cost(i, j));
      most = std::max(most, cost(i, j));
    }
  Matrix<float> normal(cost.rows(), cost.cols());
  for (std::int64_t i = 0; i < cost.rows(); ++i)
    for (std::int64_t j = 0; j < cost.cols(); ++j) normal(i, j) = static_cast<float>((cost(i, j) - least) / (most - least));
  return normal;
}

void expect_bracket(const std::string& method, const test::SelectionData& data, std::int64_t budget) {
  constexpr double kLambda = 0.5;
  const std::vector<test::Enumerated> all = test::all_coresets(costs_of(data, kLambda), budget);
  const auto score = [&](std::int64_t units) {
    return std::ldexp(static_cast<double>(units), -40) / static_cast<double>(budget * data.valid.rows());
  };
  const double best = score(test::optimum(all));
  SelfCommunicator self;
  const itra::Selection chosen = itra::select(data.input(), test::select_settings(method, budget, kLambda), 1, self);
  EXPECT_LE(chosen.lower_bound, best + kTolerance);
  EXPECT_GE(chosen.poo_score, best - kTolerance);
  const auto own = std::find_if(all.begin(), all.end(), [&](const test::Enumerated& one) { return one.rows == chosen.indices; });
  ASSERT_NE(own, all.end());
  EXPECT_NEAR(chosen.poo_score, score(own->units), kTolerance);
  if (chosen.stop_reason == "proven_optimal") {
    EXPECT_NEAR(chosen.poo_score, best, kTolerance);
  }
}

class Method : public ::testing::TestWithParam<std::string> {};

TEST_P(Method, BracketsTheBestOfAllCoresets) {
  struct Size {
    std::int64_t rows, cols, budget;
  };
  for (const auto& [rows, cols, budget] : {Size{9, 6, 3}, Size{10, 7, 4}, Size{7, 4, 6}, Size{8, 5, 1}, Size{6, 9, 6}})
    for (const bool ties : {false, true})
      for (std::uint32_t seed = 0; seed < 5; ++seed) {
        SCOPED_TRACE(testing::Message() << rows << " x " << cols << ", n = " << budget << ", ties " << ties << ", seed " << seed);
        expect_bracket(GetParam(), test::clustered_data(rows, cols, 3, seed, ties), budget);
      }
}

TEST_P(Method, DoesSoWhereADoubleHoldsNoRowSum) {
  expect_bracket(GetParam(), test::clustered_data(4, 8197, 3, 1), 2);  // sums in units of 2^-40 are exact in double up to 8192 columns
}

INSTANTIATE_TEST_SUITE_P(All, Method,
                         ::testing::Values("itra", "relaxed", "greedy", "random", "grad_norm", "k_center", "facility_location", "ccs"),
                         [](const auto& method) { return method.param; });

}  // namespace
}  // namespace goracs
