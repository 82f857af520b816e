#include "itra/pruning.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "comm/self_communicator.hpp"
#include "invented_costs.hpp"
#include "itra/transport.hpp"
#include "support/thread_ranks.hpp"

namespace goracs::itra {
namespace {

using test::CostKind;
using test::invented_costs;

constexpr OrderStatistic kStatistics[] = {OrderStatistic::kSmallest, OrderStatistic::kReference};
constexpr InnerPotential kPotentials[] = {InnerPotential::kExcludeSelf, InnerPotential::kReference};

/// F by its formula (SPEC 6) from the differences d.
double score_by_formula(std::vector<double> d, std::int64_t budget, OrderStatistic statistic) {
  const auto cols = static_cast<std::int64_t>(d.size()), top_r = (cols + budget - 1) / budget;
  std::vector<double> sorted(d);
  std::sort(sorted.begin(), sorted.end());
  const double y = sorted[static_cast<std::size_t>(statistic == OrderStatistic::kSmallest ? top_r - 1 : cols - top_r)];
  double sum = 0;
  for (const double x : d) sum += std::min(x - y, 0.0);
  return sum / static_cast<double>(cols) + y / static_cast<double>(budget);
}

/// The potential that row `slot` (or a pool row: -1) is scored at.
std::vector<double> potential_by_formula(const std::vector<const float*>& costs, const std::vector<double>& x, std::int64_t cols,
                                         std::int64_t without) {
  std::vector<double> f(static_cast<std::size_t>(cols), HUGE_VAL);
  for (std::size_t i = 0; i < costs.size(); ++i)
    if (static_cast<std::int64_t>(i) != without || costs.size() == 1)
      for (std::size_t j = 0; j < f.size(); ++j) f[j] = std::min(f[j], static_cast<double>(costs[i][j]) - x[i]);
  return f;
}

struct Coreset {
  std::vector<std::int64_t> rows;
  std::vector<const float*> costs;

  Coreset(const Matrix<float>& cost, std::int64_t budget, std::int64_t step) {
    for (std::int64_t i = 0; i < budget; ++i) {
      rows.push_back(i * step % cost.rows());
      costs.push_back(cost.row(rows.back()).data());
    }
  }
};

struct PruningSize {
  std::int64_t rows, cols, budget;
};
constexpr PruningSize kPruningSizes[] = {{9, 5, 1}, {9, 5, 3}, {40, 31, 4}, {40, 64, 8}, {30, 12, 20}, {50, 300, 7}};

TEST(Pruning, ScoresAreTheFormulas) {
  SelfCommunicator world;
  std::uint64_t seed = 0;
  for (const auto& [rows, cols, budget] : kPruningSizes)
    for (const CostKind kind : test::kCostKinds)
      for (const OrderStatistic statistic : kStatistics)
        for (const InnerPotential inner : kPotentials) {
          const Matrix<float> matrix = invented_costs(rows, cols, kind, ++seed);
          const CostRows cost(matrix, {0, rows}, rows);
          const Coreset coreset(matrix, budget, 1);
          const std::vector<double> x = Transport::solve(coreset.costs, cols).row_dual();
          Pruning pruning(cost, {budget, rows, statistic, inner}, world);
          const Candidates candidates = pruning.candidates(coreset.rows, coreset.costs, x);
          ASSERT_EQ(static_cast<std::int64_t>(candidates.inner.size()), budget);
          ASSERT_EQ(static_cast<std::int64_t>(candidates.outer.size()), rows - budget);
          const auto expect = [&](const RowWithScore& candidate, std::int64_t without) {
            const std::vector<double> f = potential_by_formula(coreset.costs, x, cols, without);
            std::vector<double> d;
            for (std::int64_t j = 0; j < cols; ++j)
              d.push_back(static_cast<double>(matrix(candidate.row, j)) - f[static_cast<std::size_t>(j)]);
            EXPECT_NEAR(pruning.score().value(candidate.score), score_by_formula(d, budget, statistic),
                        1e-13);  // sums of 300 doubles of size 1
          };
          for (const RowWithScore& candidate : candidates.inner)
            expect(candidate, inner == InnerPotential::kExcludeSelf ? candidate.row : -1);
          for (const RowWithScore& candidate : candidates.outer) expect(candidate, -1);
          for (std::size_t q = 1; q < candidates.outer.size(); ++q) EXPECT_TRUE(candidates.outer[q - 1] < candidates.outer[q]);
          for (std::size_t q = 1; q < candidates.inner.size(); ++q) EXPECT_GE(candidates.inner[q - 1].score, candidates.inner[q].score);
        }
}

void expect_same(const std::vector<RowWithScore>& found, const std::vector<RowWithScore>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t q = 0; q < found.size(); ++q) {
    EXPECT_EQ(found[q].row, expected[q].row) << q;
    EXPECT_TRUE(found[q].score == expected[q].score) << q;
  }
}

/// Everything that a number of exchanges with worst inner and best outer rows finds.
std::vector<RowWithScore> candidates_of_exchanges(const Matrix<float>& matrix, const PruningRule& rule, Communicator& world, bool lazy,
                                                  std::int64_t exchanges) {
  const RowBlock own = RowBlock::of(matrix.rows(), world.rank(), world.size());
  const CostRows cost(matrix.view().rows_from(own.begin, own.size()), own, matrix.rows());
  Coreset coreset(matrix, rule.budget, 1);
  Transport transport = Transport::solve(coreset.costs, matrix.cols());
  Pruning pruning(cost, rule, world, lazy);
  std::vector<RowWithScore> found;
  for (std::int64_t e = 0; e < exchanges; ++e) {
    const Candidates candidates = pruning.candidates(coreset.rows, coreset.costs, transport.row_dual());
    const Candidates at_optimum = pruning.candidates(coreset.rows, coreset.costs, transport.row_dual(), transport.column_dual());
    expect_same(at_optimum.inner, candidates.inner);
    expect_same(at_optimum.outer, candidates.outer);
    found.insert(found.end(), candidates.inner.begin(), candidates.inner.end());
    found.insert(found.end(), candidates.outer.begin(), candidates.outer.end());
    const auto slot =
        std::find(coreset.rows.begin(), coreset.rows.end(), candidates.inner[static_cast<std::size_t>(e % 2)].row) - coreset.rows.begin();
    coreset.rows[static_cast<std::size_t>(slot)] = candidates.outer.front().row;
    coreset.costs[static_cast<std::size_t>(slot)] = matrix.row(candidates.outer.front().row).data();
    transport.exchange(slot, coreset.costs[static_cast<std::size_t>(slot)]);
  }

  return found;
}

TEST(Pruning, LazyFindsWhatAFullScanFinds) {
  SelfCommunicator world;
  std::uint64_t seed = 50;
  for (const auto& [rows, cols, budget] :
       {PruningSize{300, 200, 40}, PruningSize{300, 203, 30}, PruningSize{200, 90, 90}, PruningSize{200, 150, 12}})
    for (const CostKind kind : test::kCostKinds)
      for (const OrderStatistic statistic : kStatistics)
        for (const InnerPotential inner : kPotentials) {
          const Matrix<float> matrix = invented_costs(rows, cols, kind, ++seed);
          const PruningRule rule{budget, 6, statistic, inner};
          expect_same(candidates_of_exchanges(matrix, rule, world, true, 12), candidates_of_exchanges(matrix, rule, world, false, 12));
        }
}

TEST(Pruning, LazyReadsFewRows) {
  SelfCommunicator world;
  const Matrix<float> matrix = invented_costs(1000, 400, CostKind::kPoints, 3);
  const CostRows cost(matrix, {0, 1000}, 1000);
  Coreset coreset(matrix, 100, 3);
  Transport transport = Transport::solve(coreset.costs, 400);
  Pruning pruning(cost, {100, 10}, world);
  constexpr std::int64_t kExchanges = 20;
  for (std::int64_t e = 0; e < kExchanges; ++e) {
    const auto outer = pruning.candidates(coreset.rows, coreset.costs, transport.row_dual()).outer.front().row;
    coreset.rows[static_cast<std::size_t>(e)] = outer;
    coreset.costs[static_cast<std::size_t>(e)] = matrix.row(outer).data();
    transport.exchange(e, coreset.costs[static_cast<std::size_t>(e)]);
  }
  EXPECT_LT(pruning.rows_read(), 1000 + kExchanges * 1000 / 3);
}

TEST(Pruning, IsTheSameForAnyRanksAndThreads) {
  SelfCommunicator alone;
  for (const CostKind kind : {CostKind::kTies, CostKind::kUniform}) {
    const Matrix<float> matrix = invented_costs(151, 70, kind, 7);
    const PruningRule rule{17, 5};
    const auto expected = candidates_of_exchanges(matrix, rule, alone, true, 12);
    for (const int ranks : {2, 3, 5})
      test::on_ranks(ranks, [&](Communicator& world) { expect_same(candidates_of_exchanges(matrix, rule, world, true, 12), expected); });
    const int threads = omp_get_max_threads();
    for (const int other : {1, 2, 4}) {
      omp_set_num_threads(other);
      expect_same(candidates_of_exchanges(matrix, rule, alone, true, 12), expected);
    }
    omp_set_num_threads(threads);
  }
}

}  // namespace
}  // namespace goracs::itra
