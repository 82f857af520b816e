// Cuts against all coresets of tiny pools, whatever their groups and prices; what they gain where groups do not come out even.
#include "itra/rounding_cuts.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "all_coresets.hpp"
#include "chosen_relaxed.hpp"
#include "comm/self_communicator.hpp"
#include "invented_costs.hpp"
#include "itra/cost_matrix.hpp"
#include "itra/lower_bound.hpp"
#include "support/thread_ranks.hpp"

namespace goracs::itra {
namespace {

using test::CostKind;

struct Pool {
  std::int64_t rows, cols, budget;
};
constexpr Pool kPools[] = {{6, 4, 2}, {7, 5, 3}, {8, 6, 4}, {9, 7, 2}, {8, 2, 5}, {6, 7, 1}, {5, 4, 5}, {9, 10, 3}};

/// Of `count` things: none, or one of three groups.
std::vector<std::int32_t> invented_groups(std::int64_t count, std::uint64_t seed, std::uint64_t stream) {
  std::vector<std::int32_t> group;
  for (std::int64_t k = 0; k < count; ++k)
    group.push_back(static_cast<std::int32_t>(4 * Philox(seed, "groups").uniform(static_cast<std::uint64_t>(k), stream)) - 1);
  return group;
}

/// Duals of the size of costs, then prices; some of both are 0.
std::vector<double> invented_duals(std::int64_t columns, std::int64_t cuts, std::uint64_t seed) {
  const Philox random(seed, "duals");
  std::vector<double> dual;
  for (std::int64_t k = 0; k < columns + cuts; ++k) {
    const double x = random.uniform(static_cast<std::uint64_t>(k));
    dual.push_back(k < columns ? x : std::max(0.0, 2 * x - 0.5));
  }
  return dual;
}

TEST(RoundingCuts, CountWhatRowsOfAGroupAddToIt) {
  // 5 units a row, 1 a column: 7 columns need one whole row and 2 units of another
  const RoundingCuts cuts({4, 4, RoundingCuts::kNone}, {4, 4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, RoundingCuts::kNone, 4, 4}, 3);
  ASSERT_EQ(cuts.size(), 1);  // group 2 comes out even: 15 units, one row
  EXPECT_EQ(cuts[0].columns, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 13, 14}));
  EXPECT_EQ(cuts[0].a_row, 3 * 9 % 15);
  EXPECT_EQ(cuts[0].fixed, (15 - 12) * 1);
  EXPECT_EQ(cuts.cut_of_row(1), 0);
  EXPECT_EQ(cuts.cut_of_row(2), RoundingCuts::kNone);
  EXPECT_EQ(cuts.cut_of_column(7), RoundingCuts::kNone);
  EXPECT_EQ(cuts.cut_of_column(13), 0);
}

TEST(RoundingCuts, BoundEveryCoresetWhateverTheirGroupsAndPrices) {
  SelfCommunicator self;
  int raised = 0;
  for (const auto& [rows, cols, budget] : kPools)
    for (const CostKind kind : test::kCostKinds)
      for (std::uint64_t seed = 0; seed < 3; ++seed) {
        const Matrix<float> matrix = test::invented_costs(rows, cols, kind, seed);
        const std::int64_t best = test::optimum(test::all_coresets(matrix, budget));
        const CostRows cost(matrix, {0, rows}, rows);
        for (std::uint64_t groups = 0; groups < 6; ++groups) {
          const RoundingCuts cuts(invented_groups(rows, seed, 2 * groups), invented_groups(cols, seed, 2 * groups + 1), budget);
          LowerBound bound(cost, budget, self), plain(cost, budget, self);
          bound.cut(cuts);
          for (std::uint64_t at = 0; at < 4; ++at) {
            const std::vector<double> dual = invented_duals(cols, cuts.size(), at);
            const Int128 units = bound.evaluate(dual).bound_units;
            EXPECT_TRUE(units <= best) << rows << " x " << cols << ", n = " << budget << ", groups " << groups;
            raised += units > plain.evaluate(std::span(dual).first(static_cast<std::size_t>(cols))).bound_units ? 1 : 0;
          }
        }
      }
  EXPECT_GT(raised, 0);
}

TEST(RoundingCuts, TheBoundIsTheSameFromScratchAndOnAnyRanksAndHasItsSupergradient) {
  constexpr std::int64_t kRows = 41, kCols = 33, kBudget = 6;
  const Matrix<float> matrix = test::invented_costs(kRows, kCols, CostKind::kTies, 5);
  const RoundingCuts cuts(invented_groups(kRows, 1, 0), invented_groups(kCols, 1, 1), kBudget);
  ASSERT_GE(cuts.size(), 2);
  struct At {
    std::vector<double> dual;
    DualPoint point;
  };
  std::vector<At> expected;
  SelfCommunicator self;
  const CostRows whole(matrix, {0, kRows}, kRows);
  for (std::uint64_t at = 0; at < 6; ++at) {
    LowerBound fresh(whole, kBudget, self);
    fresh.cut(cuts);
    const std::vector<double> dual = invented_duals(kCols, cuts.size(), at);
    expected.push_back({dual, fresh.evaluate(dual)});
  }
  const double unit = 1.0 / (kBudget * kCols);
  for (const At& from : expected)
    for (const At& to : expected) {
      double above = from.point.bound;
      for (std::size_t k = 0; k < to.dual.size(); ++k)
        above += unit * static_cast<double>(from.point.supergradient[k]) * (to.dual[k] - from.dual[k]);
      EXPECT_LE(to.point.bound, above + 1e-9);
    }
  for (const int ranks : {1, 2, 3, 5})
    test::on_ranks(ranks, [&](Communicator& world) {
      const CostMatrix cost = CostMatrix::of(matrix, world);
      const CostRows own = cost.view();
      LowerBound bound(own, kBudget, world);
      bound.evaluate(std::span(expected[0].dual).first(kCols));
      bound.cut(cuts);
      for (const At& one : expected) {
        const DualPoint& point = bound.evaluate(one.dual);
        EXPECT_TRUE(point.bound_units == one.point.bound_units);
        EXPECT_EQ(point.supergradient, one.point.supergradient);
      }
    });
}

/// Rows and columns in groups far from each other; near ones cost about `near`, others about 1.
Matrix<float> grouped_costs(const std::vector<std::int64_t>& columns_of_group, std::int64_t rows_of_group, float near) {
  std::vector<std::size_t> group;
  for (std::size_t g = 0; g < columns_of_group.size(); ++g) group.insert(group.end(), static_cast<std::size_t>(columns_of_group[g]), g);
  const auto groups = static_cast<std::int64_t>(columns_of_group.size());
  Matrix<float> cost = test::invented_costs(groups * rows_of_group, static_cast<std::int64_t>(group.size()), CostKind::kUniform, 7);
  for (std::int64_t i = 0; i < cost.rows(); ++i)
    for (std::int64_t j = 0; j < cost.cols(); ++j) {
      const bool is_near = group[static_cast<std::size_t>(j)] == static_cast<std::size_t>(i / rows_of_group);
      cost(i, j) = std::floor((is_near ? near + cost(i, j) / 16 : 1 - cost(i, j) / 16) * 0x1p20F) * 0x1p-20F;
    }
  return cost;
}

TEST(RoundingCuts, ProveWhatHalfRowsWouldHide) {
  // groups of 7, 8, 12 and 3 columns, 5 a row: the relaxed transport takes 7/5 of a row here and 8/5 there, and ships nothing far. A coreset of 6
  // rows has to: of 7, 8, 12, 3 columns at least 2 + 2 (rows 1 2 2 1) come from afar
  const Matrix<float> matrix = grouped_costs({7, 8, 12, 3}, 6, 0.25F);
  std::vector<RelaxedSelection> found(4);
  for (const int ranks : {1, 2, 3})
    test::on_ranks(ranks, [&](Communicator& world) {
      RelaxedSelection one = test::chosen_relaxed(matrix, 6, world);
      if (world.is_root()) found[static_cast<std::size_t>(ranks)] = std::move(one);
    });
  const RelaxedSelection& one = found[1];
  const double far_columns = 4, num_columns = 30;
  EXPECT_GT(one.value, 0.25 + far_columns / num_columns * 0.6);
  EXPECT_LT(one.value / one.lower_bound - 1, 0.02) << one.value << " and " << one.lower_bound;
  EXPECT_GT(one.lower_bound, 0.25 + 1.0 / 16) << "no more than the relaxed transport's value, to which no column comes from afar";
  for (const int ranks : {2, 3}) {
    const RelaxedSelection& other = found[static_cast<std::size_t>(ranks)];
    EXPECT_EQ(other.coreset, one.coreset);
    EXPECT_EQ(other.dual, one.dual);
    EXPECT_EQ(other.lower_bound, one.lower_bound);
    EXPECT_EQ(other.stop_reason, one.stop_reason);
  }
}

}  // namespace
}  // namespace goracs::itra
