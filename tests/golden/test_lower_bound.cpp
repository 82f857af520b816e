// The lower bound equals the one of an independent statement of the formula, and holds (tests/golden/itra).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "artifact/h5.hpp"
#include "comm/self_communicator.hpp"
#include "itra/lower_bound.hpp"
#include "support/golden.hpp"

namespace goracs::itra {
namespace {

constexpr double kTolerance = 1e-12;  // golden/itra/README: bounds and scores, absolute

/// A part of a file that has a `cost` and a `lower_bound`: the file itself, or one class of it.
struct Case {
  std::string where;
  std::vector<float> cost;
  std::int64_t rows, cols, budget;
  std::vector<double> duals, row_terms, bound, optimum;
};

Case read_case(const H5File& file, const std::string& prefix, std::int64_t budget) {
  const Shape shape = file.shape(prefix + "cost");
  Case one{file.path() + " " + prefix, file.read<float>(prefix + "cost"), shape[0], shape[1], budget, {}, {}, {}, {}};
  one.duals = file.read<double>(prefix + "lower_bound/column_duals");
  one.row_terms = file.read<double>(prefix + "lower_bound/row_terms");
  one.bound = file.read<double>(prefix + "lower_bound/bound");
  if (file.contains(prefix + "optimum")) one.optimum.push_back(file.number_attribute("poo_score", prefix + "optimum"));
  return one;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& path : test::golden_files("itra", ".h5")) {
    const H5File file = H5File::open(path);
    if (file.contains("lower_bound")) all.push_back(read_case(file, "", static_cast<std::int64_t>(file.number_attribute("budget"))));
    if (!file.contains("class_budget")) continue;
    const auto budgets = file.read<std::int64_t>("class_budget");
    for (std::size_t k = 0; k < budgets.size(); ++k) {
      const std::string prefix = "class_" + std::to_string(k) + "/";
      if (file.contains(prefix + "lower_bound")) all.push_back(read_case(file, prefix, budgets[k]));
    }
  }
  return all;
}

TEST(GoldenLowerBound, TermsAndBoundsEqualTheIndependentOnes) {
  std::size_t points = 0;
  for (const Case& one : cases()) {
    SelfCommunicator self;
    const CostRows cost(MatrixView<const float>(one.cost.data(), one.rows, one.cols), RowBlock::of(one.rows, 0, 1), one.rows);
    const double per_unit = 0x1p-40 / static_cast<double>(one.budget * one.cols);
    for (std::size_t b = 0; b < one.bound.size(); ++b, ++points) {
      SCOPED_TRACE(one.where + " duals " + std::to_string(b));
      const auto duals = std::span(one.duals).subspan(b * static_cast<std::size_t>(one.cols), static_cast<std::size_t>(one.cols));
      LowerBound bound(cost, one.budget, self);
      const DualPoint& point = bound.evaluate(duals);
      EXPECT_NEAR(point.bound, one.bound[b], kTolerance);
      for (std::size_t i = 0; i < point.row_score.size(); ++i)
        ASSERT_NEAR(static_cast<double>(point.row_score[i]) * per_unit, one.row_terms[b * point.row_score.size() + i], kTolerance)
            << "row " << i;
    }
  }
  EXPECT_GT(points, 0U);
}

TEST(GoldenLowerBound, NeverPassesTheBestOfAllCoresets) {
  std::size_t enumerated = 0;
  for (const Case& one : cases()) {
    for (const double optimum : one.optimum) {
      SCOPED_TRACE(one.where);
      ++enumerated;
      SelfCommunicator self;
      const CostRows cost(MatrixView<const float>(one.cost.data(), one.rows, one.cols), RowBlock::of(one.rows, 0, 1), one.rows);
      for (std::size_t b = 0; b < one.bound.size(); ++b) {
        const auto duals = std::span(one.duals).subspan(b * static_cast<std::size_t>(one.cols), static_cast<std::size_t>(one.cols));
        EXPECT_LE(lower_bound(cost, one.budget, duals, self), optimum + kTolerance);
      }
    }
  }
  EXPECT_GT(enumerated, 0U);
}

}  // namespace
}  // namespace goracs::itra
