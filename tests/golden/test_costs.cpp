#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/h5.hpp"
#include "itra/cost_matrix.hpp"
#include "itra/greedy.hpp"
#include "support/golden.hpp"
#include "support/selection_data.hpp"
#include "support/thread_ranks.hpp"

namespace goracs {
namespace {

constexpr int kRanks = 3;
/// The authors' distances by |a|^2 + |b|^2 - 2ab are off by 6e-6 at most (SPEC 5) before a block is divided by its range, here above 1.
constexpr double kClassDeviation = 6e-6;

Matrix<float> stored_cost(const H5File& file, const std::string& name) {
  const Shape shape = file.shape(name);
  Matrix<float> cost(shape.at(0), shape.at(1));
  file.read_rows<float>(name, 0, cost.view());
  return cost;
}

double largest_deviation(const itra::CostMatrix& cost, const Matrix<float>& expected) {
  double deviation = 0;
  for (std::int64_t i_lc = 0; i_lc < cost.rows().size(); ++i_lc)
    for (std::int64_t j = 0; j < cost.num_valid(); ++j) {
      const double value = cost.row(i_lc)[static_cast<std::size_t>(j)];
      deviation = std::max(deviation, std::abs(value - static_cast<double>(expected(cost.rows().begin + i_lc, j))));
    }
  return deviation;
}

/// How far float32 costs may be from exact ones, u = 2^-24. A distance: difference and square 3 u, d/16 additions in its lane, four of lanes,
/// half of it all after the root, whose own is u. Then / max, - lambda G and (C - min) / (max - min), whose extremes err as much.
double allowed_deviation(const H5File& file, std::int64_t dimension) {
  constexpr double kUnit = 0x1p-24;
  const double lambda = file.number_attribute("lambda");
  const double largest = file.text_attribute("distance_scale") == "max" ? 1 : file.number_attribute("distance_max");
  const double of_distance = kUnit * ((3 + static_cast<double>(dimension) / 16 + 1 + 4) / 2 + 1);
  const double of_raw = largest * (2 * of_distance + 2 * kUnit) + 3 * lambda * kUnit + kUnit * (largest + lambda);
  return 4 * of_raw / (file.number_attribute("raw_cost_max") - file.number_attribute("raw_cost_min")) + 2 * kUnit;
}

TEST(GoldenCosts, EqualTheExactOnesButForFloat32) {
  for (const auto& path : test::golden_files("itra", ".h5")) {
    SCOPED_TRACE(path.string());
    const H5File file = H5File::open(path);
    if (!file.contains("/cost")) continue;  // with labels
    const test::SelectionData data = test::golden_data(path);
    const SelectConfig config = test::golden_settings(path);
    const Matrix<float> expected = stored_cost(file, "/cost");
    const double allowed = allowed_deviation(file, data.train.cols()) + file.number_attribute("reference_cost_deviation");
    test::on_ranks(kRanks, [&](Communicator& world) {
      const itra::SelectionInput input = data.input();
      const auto cost = itra::CostMatrix::build(input, itra::selection_classes(input, config).at(0), config, world);
      EXPECT_LE(largest_deviation(*cost, expected), allowed);
    });
  }
}

TEST(GoldenCosts, OfClassesAreNormalisedApart) {
  for (const auto& path : test::golden_files("itra", ".h5")) {
    SCOPED_TRACE(path.string());
    const H5File file = H5File::open(path);
    if (!file.contains("/train_label")) continue;
    const test::SelectionData data = test::golden_data(path);
    const SelectConfig config = test::golden_settings(path);
    const itra::SelectionInput input = data.input();
    const auto classes = itra::selection_classes(input, config);
    const auto budgets = file.read<std::int64_t>("/class_budget");
    for (std::size_t k = 0; k < classes.size(); ++k) {
      const std::string group = "/class_" + std::to_string(k);
      EXPECT_EQ(classes[k].train, file.read<std::int64_t>(group + "/members"));
      EXPECT_EQ(classes[k].budget, budgets[k]);
      const Matrix<float> expected = stored_cost(file, group + "/cost");
      test::on_ranks(kRanks, [&](Communicator& world) {
        const auto cost = itra::CostMatrix::build(input, classes[k], config, world);
        EXPECT_LE(largest_deviation(*cost, expected), kClassDeviation);
      });
    }
  }
}

TEST(GoldenGreedy, EqualsTheExactCoreset) {
  for (const auto& path : test::golden_files("itra", ".h5")) {
    SCOPED_TRACE(path.string());
    const H5File file = H5File::open(path);
    std::vector<std::string> cases;
    if (file.contains("/cost")) cases.emplace_back("");
    for (const auto& name : file.names())
      if (name.starts_with("class_") && file.is_group("/" + name)) cases.push_back("/" + name);
    ASSERT_FALSE(cases.empty());
    for (const auto& name : cases) {
      SCOPED_TRACE(name);
      const Matrix<float> whole = stored_cost(file, name + "/cost");
      const auto expected = file.read<std::int64_t>(name.empty() ? "/greedy/coreset_double" : name + "/greedy_coreset_double");
      const auto added = name.empty() ? file.read<std::int64_t>("/greedy/added") : std::vector<std::int64_t>();
      test::on_ranks(kRanks, [&](Communicator& world) {
        const auto cost = itra::CostMatrix::of(whole, world);
        itra::GreedyPass pass(cost, world);
        EXPECT_EQ(pass.coreset(static_cast<std::int64_t>(expected.size())).value(), expected);
        if (!added.empty()) {
          EXPECT_EQ(pass.added(), added);
        }
      });
    }
  }
}

TEST(GoldenClassBudgets, EqualTheAuthorsAndLargestRemainders) {
  for (const auto& path : test::golden_files("itra", "class_budgets.json")) {
    const auto cases = nlohmann::json::parse(std::ifstream(path));
    for (const auto& two : cases.at("two_class")) {
      const std::int64_t yes = two.at("valid_positive"), total = two.at("valid_total"), budget = two.at("budget");
      const std::int64_t expected = two.at("positive_budget");
      EXPECT_EQ(itra::class_budgets(std::vector{yes, total - yes}, budget), (std::vector{expected, budget - expected})) << two;
    }
    for (const auto& some : cases.at("k_class"))
      EXPECT_EQ(itra::class_budgets(some.at("counts").get<std::vector<std::int64_t>>(), some.at("budget")),
                some.at("class_budget").get<std::vector<std::int64_t>>())
          << some;
  }
}

}  // namespace
}  // namespace goracs
