// Bound, fixing and the relaxed selection against all coresets of tiny pools (LEMON's transports), against greedy, and over ranks.
#include "itra/relaxed.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <numeric>

#include "all_coresets.hpp"
#include "chosen_relaxed.hpp"
#include "comm/self_communicator.hpp"
#include "invented_costs.hpp"
#include "itra/cost_matrix.hpp"
#include "itra/fixing.hpp"
#include "itra/relaxed_transport.hpp"
#include "itra/rounding.hpp"
#include "lemon_transport.hpp"
#include "support/thread_ranks.hpp"

namespace goracs::itra {
namespace {

using test::all_coresets;
using test::chosen_relaxed;
using test::CostKind;
using test::Enumerated;
using test::invented_costs;
using test::kCostKinds;
using test::optimum;
using test::relaxed_config;

constexpr double kRounding = 1 + 1e-15;  // exact integers are compared after one division

struct Tiny {
  std::int64_t rows, cols, budget;
};
constexpr Tiny kTiny[] = {{6, 4, 2}, {7, 5, 3}, {8, 6, 4}, {9, 3, 2}, {8, 2, 5}, {6, 7, 1}, {5, 4, 5}, {7, 1, 3}};

TEST(RelaxedSelection, BracketsTheBestOfAllCoresetsAndClaimsOptimalityOnlyWhereItHolds) {
  SelfCommunicator self;
  int proven = 0, runs = 0;
  for (const auto& [rows, cols, budget] : kTiny)
    for (const CostKind kind : kCostKinds)
      for (std::uint64_t seed = 0; seed < 4; ++seed, ++runs) {
        SCOPED_TRACE(testing::Message() << rows << " x " << cols << ", n = " << budget << ", kind " << static_cast<int>(kind) << ", seed "
                                        << seed);
        const Matrix<float> matrix = invented_costs(rows, cols, kind, seed);
        const double best =
            std::ldexp(static_cast<double>(optimum(all_coresets(matrix, budget))), -40) / static_cast<double>(budget * cols);
        const RelaxedSelection found = chosen_relaxed(matrix, budget, self);
        EXPECT_LE(found.lower_bound, best * kRounding);
        EXPECT_GE(found.value * kRounding, best);
        if (found.stop_reason != "proven_optimal") continue;
        ++proven;
        EXPECT_DOUBLE_EQ(found.value, best);
        EXPECT_EQ(found.lower_bound, found.value);
      }
  EXPECT_GT(proven, runs / 4);
}

TEST(Fixing, KeepsEveryRowOfEveryCoresetAsGoodAsTheKnownOne) {
  SelfCommunicator self;
  std::size_t dropped = 0;
  for (const auto& [rows, cols, budget] : kTiny)
    for (const CostKind kind : kCostKinds)
      for (std::uint64_t seed = 0; seed < 4; ++seed) {
        const Matrix<float> matrix = invented_costs(rows, cols, kind, seed);
        const std::vector<Enumerated> all = all_coresets(matrix, budget);
        const CostRows cost(matrix, {0, rows}, rows);
        FetchedRows fetched(cost, self);
        LowerBound bound(cost, budget, self);
        const RelaxedTransport relaxed = relax(cost, budget, opening_duals(cost, budget, fetched), bound, fetched);
        const DualPoint& point = bound.evaluate(relaxed.transport.column_dual());
        for (const Int128 known : {static_cast<Int128>(optimum(all)), static_cast<Int128>(all.front().units)}) {
          const std::vector<std::int64_t> hopeless = hopeless_rows(point, known, cost.rows());
          dropped += hopeless.size();
          for (const Enumerated& one : all) {
            if (one.units > known) continue;
            for (const std::int64_t i : hopeless) EXPECT_FALSE(std::binary_search(one.rows.begin(), one.rows.end(), i));
          }
          if (!only_lowest_can_be_better(point, known)) continue;
          std::vector<std::int64_t> lowest;
          for (const RowScore& row : point.lowest) lowest.push_back(row.row);
          std::sort(lowest.begin(), lowest.end());
          for (const Enumerated& one : all) EXPECT_TRUE(one.units >= known || one.rows == lowest);
        }
      }
  EXPECT_GT(dropped, 0U);
}

TEST(Rounding, IsTheExactTransportOfItsRows) {
  SelfCommunicator self;
  const Matrix<float> matrix = invented_costs(60, 45, CostKind::kPoints, 3);
  const CostRows cost(matrix, {0, 60}, 60);
  FetchedRows fetched(cost, self);
  std::vector<std::int64_t> rows(60);
  std::iota(rows.begin(), rows.end(), 0);
  const RelaxedTransport relaxed = relax_rows(rows, cost, 12, fetched);
  const SolvedCoreset rounded = round_to_coreset(relaxed);
  ASSERT_EQ(rounded.rows.size(), 12U);
  EXPECT_TRUE(std::is_sorted(rounded.rows.begin(), rounded.rows.end()));
  EXPECT_TRUE(rounded.transport.exact_value() == Transport::solve(fetched.rows(rounded.rows), 45).exact_value());
  EXPECT_GE(rounded.transport.value(), relaxed.transport.value());
}

TEST(RelaxedSelection, IsNeverWorseThanGreedy) {
  SelfCommunicator self;
  int better = 0;
  for (const auto& [rows, cols, budget] : {Tiny{40, 30, 6}, {50, 16, 16}, {30, 9, 20}, {64, 33, 7}, {45, 45, 1}})
    for (const CostKind kind : kCostKinds)
      for (std::uint64_t seed = 10; seed < 13; ++seed) {
        const RelaxedSelection found = chosen_relaxed(invented_costs(rows, cols, kind, seed), budget, self);
        EXPECT_LE(found.start_value, found.greedy_value);
        EXPECT_LE(found.value, found.start_value);
        EXPECT_LE(found.lower_bound, found.value);
        EXPECT_EQ(found.coreset.size(), static_cast<std::size_t>(budget));
        EXPECT_TRUE(std::adjacent_find(found.coreset.begin(), found.coreset.end(), std::greater_equal<>()) == found.coreset.end());
        better += found.value < found.greedy_value ? 1 : 0;
      }
  EXPECT_GT(better, 30);
}

void expect_same(const RelaxedSelection& found, const RelaxedSelection& expected) {
  EXPECT_EQ(found.coreset, expected.coreset);
  EXPECT_EQ(found.value, expected.value);
  EXPECT_EQ(found.start_value, expected.start_value);
  EXPECT_EQ(found.lower_bound, expected.lower_bound);
  EXPECT_EQ(found.dual, expected.dual);
  EXPECT_EQ(found.stop_reason, expected.stop_reason);
  EXPECT_EQ(found.ascent_phases, expected.ascent_phases);
  EXPECT_EQ(found.rows_proven_out, expected.rows_proven_out);
  EXPECT_EQ(found.trace.size(), expected.trace.size());
}

TEST(RelaxedSelection, IsTheSameForAnyRanksAndThreads) {
  SelfCommunicator self;
  const Matrix<float> matrix = invented_costs(61, 40, CostKind::kDuplicates, 21);
  omp_set_num_threads(1);
  const RelaxedSelection expected = chosen_relaxed(matrix, 7, self);
  EXPECT_GT(expected.ascent_phases, 2);
  for (const int threads : {2, 4}) {
    omp_set_num_threads(threads);
    expect_same(chosen_relaxed(matrix, 7, self), expected);
  }
  for (const int ranks : {2, 3, 5})
    test::on_ranks(ranks, [&](Communicator& world) {
      omp_set_num_threads(world.rank() == 0 ? 2 : 1);
      expect_same(chosen_relaxed(matrix, 7, world), expected);
    });
}

TEST(RelaxedSelection, StopsAtTheGapAtTheTimeLimitAndWhenTold) {
  SelfCommunicator self;
  const Matrix<float> matrix = invented_costs(80, 50, CostKind::kUniform, 31);
  SelectConfig config = relaxed_config();
  config.gap = 0.9;
  const RelaxedSelection close = chosen_relaxed(matrix, 10, self, config);
  EXPECT_EQ(close.stop_reason, "gap");
  EXPECT_LE(close.value / close.lower_bound - 1, 0.9);

  config.gap = 0;
  config.time_limit = 1e-9;
  const RelaxedSelection late = chosen_relaxed(matrix, 10, self, config);
  EXPECT_EQ(late.stop_reason, "time_limit");
  EXPECT_EQ(late.value, late.greedy_value);
  EXPECT_LE(late.lower_bound, late.value);

  ClassEvents events;
  events.step = [](const std::string& phase, std::int64_t done, std::int64_t, double) { return phase == "ascent" && done == 2; };
  const RelaxedSelection stopped = chosen_relaxed(matrix, 10, self, relaxed_config(), events);
  EXPECT_EQ(stopped.stop_reason, "stopped");
  EXPECT_EQ(stopped.coreset.size(), 10U);
}

TEST(RelaxedSelection, GoesOnFromACheckpointAsIfNothingHadHappened) {
  SelfCommunicator self;
  const Matrix<float> matrix = invented_costs(300, 120, CostKind::kPoints, 41);
  std::vector<std::string> states;
  ClassEvents saving;
  saving.checkpoint = [&](const auto& state) { states.push_back(state()); };
  const RelaxedSelection expected = chosen_relaxed(matrix, 30, self, relaxed_config(), saving);
  ASSERT_FALSE(states.empty());
  for (const std::string& state : {states.front(), states.back()}) {
    ClassEvents resuming;
    resuming.resume_from = state;
    expect_same(chosen_relaxed(matrix, 30, self, relaxed_config(), resuming), expected);
  }
}

}  // namespace
}  // namespace goracs::itra
