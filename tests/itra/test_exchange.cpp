#include "itra/exchange.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include "comm/self_communicator.hpp"
#include "invented_costs.hpp"
#include "itra/transport.hpp"
#include "support/thread_ranks.hpp"

namespace goracs::itra {
namespace {

using test::CostKind;
using test::invented_costs;

std::vector<std::int64_t> spread(std::int64_t count, std::int64_t rows) {
  std::vector<std::int64_t> coreset;
  for (std::int64_t i = 0; i < count; ++i) coreset.push_back(i * rows / count);
  return coreset;
}

ExchangeRule rule_of(std::int64_t budget, std::int64_t candidates) {
  ExchangeRule rule;
  rule.pruning = {budget, candidates};
  rule.max_exchanges = 1000;
  return rule;
}

Refinement refined(const Matrix<float>& matrix, const ExchangeRule& rule, Communicator& world, const ExchangeEvents& events = {}) {
  const RowBlock own = RowBlock::of(matrix.rows(), world.rank(), world.size());
  const CostRows cost(matrix.view().rows_from(own.begin, own.size()), own, matrix.rows());
  return refine(cost, spread(rule.pruning.budget, matrix.rows()), rule, world, events);
}

double value_of(const Matrix<float>& matrix, const std::vector<std::int64_t>& coreset) {
  std::vector<const float*> rows;
  for (const std::int64_t i : coreset) rows.push_back(matrix.row(i).data());
  return Transport::solve(rows, matrix.cols()).value();
}

void expect_same(const Refinement& found, const Refinement& expected) {
  EXPECT_EQ(found.coreset, expected.coreset);
  EXPECT_EQ(found.value, expected.value);
  EXPECT_EQ(found.stop_reason, expected.stop_reason);
  EXPECT_EQ(found.transport_solves, expected.transport_solves);
  EXPECT_EQ(found.column_dual, expected.column_dual);
  ASSERT_EQ(found.trace.size(), expected.trace.size());
  for (std::size_t e = 0; e < found.trace.size(); ++e) {
    EXPECT_EQ(found.trace[e].removed, expected.trace[e].removed);
    EXPECT_EQ(found.trace[e].added, expected.trace[e].added);
    EXPECT_EQ(found.trace[e].poo_score, expected.trace[e].poo_score);
  }
}

TEST(Exchange, TakesTheRowThatLiesOnEveryColumn) {
  // row 2 is as near to all columns as can be; rows 0 and 1 are not
  SelfCommunicator world;
  Matrix<float> matrix(3, 2);
  const float values[] = {1, 0.5F, 0.5F, 1, 0, 0.25F};
  std::copy(std::begin(values), std::end(values), matrix.data());
  const CostRows cost(matrix, {0, 3}, 3);
  const Refinement refinement = refine(cost, {0}, rule_of(1, 2), world);
  EXPECT_EQ(refinement.coreset, std::vector<std::int64_t>{2});
  EXPECT_EQ(refinement.first_value, 0.75);
  EXPECT_EQ(refinement.value, 0.125);
  EXPECT_EQ(refinement.stop_reason, "local_optimum");
  ASSERT_EQ(refinement.trace.size(), 1U);
  EXPECT_EQ(refinement.trace[0].removed, 0);
  EXPECT_EQ(refinement.trace[0].added, 2);
}

TEST(Exchange, DescendsToACoresetThatNoPairImproves) {
  SelfCommunicator world;
  std::uint64_t seed = 0;
  for (const auto& [rows, cols, budget] : {std::array<std::int64_t, 3>{20, 12, 4}, {21, 13, 5}, {18, 6, 9}, {15, 10, 1}})
    for (const CostKind kind : test::kCostKinds) {
      const Matrix<float> matrix = invented_costs(rows, cols, kind, ++seed);
      const Refinement found = refined(matrix, rule_of(budget, rows), world);
      EXPECT_EQ(found.stop_reason, "local_optimum");
      EXPECT_EQ(found.value, value_of(matrix, found.coreset));
      EXPECT_EQ(std::set(found.coreset.begin(), found.coreset.end()).size(), static_cast<std::size_t>(budget));
      double before = found.first_value;
      for (const ExchangeRecord& record : found.trace) {
        EXPECT_LT(record.poo_score, before);
        before = record.poo_score;
      }
      // every candidate was tried: no exchange of one row may improve
      for (std::size_t slot = 0; slot < found.coreset.size(); ++slot)
        for (std::int64_t i = 0; i < rows; ++i) {
          std::vector<std::int64_t> other(found.coreset);
          if (std::find(other.begin(), other.end(), i) != other.end()) continue;
          other[slot] = i;
          EXPECT_GE(value_of(matrix, other), found.value - 1e-15);  // the values are rounded to double
        }
    }
}

TEST(Exchange, StopsForEachReason) {
  SelfCommunicator world;
  const Matrix<float> matrix = invented_costs(60, 40, CostKind::kUniform, 3);
  ExchangeRule rule = rule_of(8, 20);
  const Refinement whole = refined(matrix, rule, world);
  ASSERT_GT(whole.trace.size(), 3U);

  rule.max_exchanges = 3;
  const Refinement limited = refined(matrix, rule, world);
  EXPECT_EQ(limited.stop_reason, "max_exchanges");
  EXPECT_EQ(limited.trace.size(), 3U);

  ExchangeEvents events;
  events.step = [](std::int64_t done, double) { return done == 2; };
  const Refinement stopped = refined(matrix, rule, world, events);
  EXPECT_EQ(stopped.stop_reason, "stopped");
  EXPECT_EQ(stopped.trace.size(), 2U);

  rule.max_exchanges = 0;
  EXPECT_EQ(refined(matrix, rule, world).value, whole.first_value);
  rule.max_exchanges = 1000;
  rule.time_limit = std::numeric_limits<double>::min();
  EXPECT_EQ(refined(matrix, rule, world).stop_reason, "time_limit");
}

TEST(Exchange, StopsAtTheGapThatIsAskedFor) {
  SelfCommunicator world;
  const Matrix<float> matrix = invented_costs(60, 40, CostKind::kUniform, 3);
  ExchangeRule rule = rule_of(8, 20);
  const Refinement whole = refined(matrix, rule, world);
  ASSERT_GT(whole.trace.size(), 3U);
  // a bound that is best at the first call; the gap lies between those after two and three exchanges
  const double bound = whole.value / 2;
  std::int64_t calls = 0;
  ExchangeEvents events;
  events.lower_bound = [&](const std::vector<double>& column_dual) {
    EXPECT_EQ(column_dual.size(), 40U);
    return ++calls == 1 ? bound : bound / 2;
  };
  rule.gap = (whole.trace[1].poo_score + whole.trace[2].poo_score) / 2 / bound - 1;
  const Refinement early = refined(matrix, rule, world, events);
  EXPECT_EQ(early.stop_reason, "gap");
  EXPECT_EQ(early.trace.size(), 3U);
  EXPECT_EQ(early.lower_bound, bound);
}

TEST(Exchange, GoesOnFromASavedStateAsIfNeverStopped) {
  SelfCommunicator world;
  for (const CostKind kind : test::kCostKinds) {
    const Matrix<float> matrix = invented_costs(70, 45, kind, 11);
    const ExchangeRule rule = rule_of(10, 4);
    std::vector<std::string> states;
    ExchangeEvents events;
    events.checkpoint = [&](const std::function<std::string()>& state) { states.push_back(state()); };
    const Refinement whole = refined(matrix, rule, world, events);
    ASSERT_EQ(states.size(), whole.trace.size() + 1);
    for (const std::string& state : states) {
      ExchangeEvents resume;
      resume.resume_from = state;
      expect_same(refined(matrix, rule, world, resume), whole);
    }
  }
}

TEST(Exchange, IsTheSameForAnyRanksAndThreads) {
  SelfCommunicator alone;
  for (const PairOrder order : {PairOrder::kBestFirst, PairOrder::kReference})
    for (const OrderStatistic statistic : {OrderStatistic::kSmallest, OrderStatistic::kReference})
      for (const CostKind kind : {CostKind::kTies, CostKind::kUniform}) {
        const Matrix<float> matrix = invented_costs(83, 50, kind, 5);
        ExchangeRule rule = rule_of(12, 6);
        rule.pair_order = order;
        rule.pruning.order_statistic = statistic;
        const Refinement expected = refined(matrix, rule, alone);
        for (const int ranks : {2, 3, 5})
          test::on_ranks(ranks, [&](Communicator& world) {
            const Refinement found = refined(matrix, rule, world);
            expect_same(found, expected);
          });
        const int threads = omp_get_max_threads();
        for (const int other : {1, 2, 4}) {
          omp_set_num_threads(other);
          expect_same(refined(matrix, rule, alone), expected);
        }
        omp_set_num_threads(threads);
      }
}

}  // namespace
}  // namespace goracs::itra
