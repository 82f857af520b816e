#include "itra/transport.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "invented_costs.hpp"
#include "lemon_transport.hpp"
#include "support/expect_error.hpp"

namespace goracs::itra {
namespace {

using test::CostKind;
using test::invented_costs;
using test::row_pointers;

Matrix<float> costs_of(std::int64_t rows, std::int64_t cols, std::initializer_list<float> values) {
  Matrix<float> cost(rows, cols);
  std::copy(values.begin(), values.end(), cost.data());
  return cost;
}

/// LEMON's optimum for these rows, in the units of Transport::exact_value.
std::int64_t lemon_value(const std::vector<const float*>& rows, std::int64_t cols, std::int64_t budget) {
  std::vector<std::int64_t> cost;
  for (const float* row : rows)
    for (std::int64_t j = 0; j < cols; ++j) cost.push_back(std::llround(std::ldexp(static_cast<double>(row[j]), 40)));
  const std::int64_t divisor = std::gcd(budget, cols);
  return test::lemon_transport(static_cast<std::int64_t>(rows.size()), cols, cols / divisor, budget / divisor, cost);
}

/// x_i + y_j <= C_ij, and the dual objective is the value.
void expect_dual(const Transport& transport, std::int64_t cols) {
  const std::vector<double> x = transport.row_dual(), y = transport.column_dual();
  double objective = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    objective += transport.is_forbidden(static_cast<std::int64_t>(i)) ? 0 : x[i] / static_cast<double>(transport.budget());
    EXPECT_TRUE(!transport.is_relaxed() || x[i] <= 0) << x[i];
    for (std::int64_t j = 0; j < cols; ++j)
      EXPECT_LE(x[i] + y[static_cast<std::size_t>(j)], static_cast<double>(transport.row(static_cast<std::int64_t>(i))[j]));
  }
  for (const double value : y) objective += value / static_cast<double>(cols);
  EXPECT_NEAR(objective, transport.value(), 1e-12);  // sums of some hundred numbers of size 1 in double
}

TEST(Transport, MovesMassToTheNearerRowUntilItIsFull) {
  // each row holds one and a half columns; columns 0 and 1 would like row 0, column 2 row 1
  const Matrix<float> cost = costs_of(2, 3, {0, 0.25F, 1, 1, 0.5F, 0});
  const Transport transport = Transport::solve(row_pointers(cost, 0, 2), 3);
  EXPECT_EQ(transport.total_units(), 6);
  EXPECT_DOUBLE_EQ(transport.value(), (2 * 0 + 1 * 0.25 + 1 * 0.5 + 2 * 0) / 6);
  expect_dual(transport, 3);
  const auto flows = transport.flows();
  ASSERT_EQ(flows.size(), 4U);
  EXPECT_EQ(flows[1].column, 1);
  EXPECT_EQ(flows[1].slot, 0);
  EXPECT_EQ(flows[1].units, 1);
}

TEST(Transport, OfOneRowIsTheMeanOfItsCosts) {
  const Matrix<float> cost = costs_of(1, 4, {0.5F, 0.25F, 1, 0});
  EXPECT_DOUBLE_EQ(Transport::solve(row_pointers(cost, 0, 1), 4).value(), 0.4375);
}

TEST(Transport, OfOneColumnIsTheMeanOverRows) {
  const Matrix<float> cost = costs_of(4, 1, {0.5F, 0.25F, 1, 0});
  EXPECT_DOUBLE_EQ(Transport::solve(row_pointers(cost, 0, 4), 1).value(), 0.4375);
}

TEST(Transport, RelaxedUsesTheRowsThatPay) {
  // two of four rows' worth of supply are needed: rows 1 and 2 are free
  const Matrix<float> cost = costs_of(4, 2, {1, 1, 0, 1, 1, 0, 0.5F, 0.5F});
  const Transport transport = Transport::relaxed(row_pointers(cost, 0, 4), 2, 2);
  EXPECT_EQ(transport.value(), 0);
  EXPECT_EQ(transport.shipped(0), 0);
  EXPECT_EQ(transport.shipped(1), transport.row_units());
  expect_dual(transport, 2);
}

struct TransportSize {
  std::int64_t rows, cols;
};
constexpr TransportSize kTransportSizes[] = {{1, 1},  {1, 7},   {7, 1},   {3, 3},   {4, 12},  {5, 12}, {12, 5},
                                             {12, 4}, {16, 16}, {31, 33}, {32, 64}, {33, 65}, {60, 20}};

TEST(Transport, EqualsLemonOnEverySizeAndKindOfCost) {
  std::uint64_t seed = 0;
  for (const auto& [rows, cols] : kTransportSizes)
    for (const CostKind kind : test::kCostKinds) {
      const Matrix<float> cost = invented_costs(rows, cols, kind, ++seed);
      const auto pointers = row_pointers(cost, 0, rows);
      const Transport transport = Transport::solve(pointers, cols);
      EXPECT_EQ(static_cast<std::int64_t>(transport.exact_value()), lemon_value(pointers, cols, rows))
          << rows << " x " << cols << " seed " << seed;
      expect_dual(transport, cols);
    }
}

TEST(Transport, EqualsLemonAfterEveryExchange) {
  std::uint64_t seed = 100;
  for (const auto& [rows, cols] : kTransportSizes)
    for (const CostKind kind : test::kCostKinds) {
      constexpr std::int64_t kExchanges = 6;
      const Matrix<float> cost = invented_costs(rows + kExchanges, cols, kind, ++seed);
      auto pointers = row_pointers(cost, 0, rows);
      Transport transport = Transport::solve(pointers, cols);
      for (std::int64_t e = 0; e < kExchanges; ++e) {
        const std::int64_t slot = (e * 5) % rows;
        pointers[static_cast<std::size_t>(slot)] = cost.row(rows + e).data();
        transport.exchange(slot, pointers[static_cast<std::size_t>(slot)]);
        EXPECT_EQ(static_cast<std::int64_t>(transport.exact_value()), lemon_value(pointers, cols, rows))
            << rows << " x " << cols << " seed " << seed;
      }
      expect_dual(transport, cols);
    }
}

TEST(Transport, RelaxedEqualsLemonAsRowsAreAddedAndForbidden) {
  std::uint64_t seed = 200;
  for (const auto& [budget, cols] : kTransportSizes)
    for (const CostKind kind : test::kCostKinds) {
      const std::int64_t first = budget, all = 3 * budget + 2;
      const Matrix<float> cost = invented_costs(all, cols, kind, ++seed);
      Transport transport = Transport::relaxed(row_pointers(cost, 0, first), cols, budget);
      EXPECT_EQ(static_cast<std::int64_t>(transport.exact_value()), lemon_value(row_pointers(cost, 0, first), cols, budget));
      transport.add_rows(row_pointers(cost, first, all - first));
      transport.solve_again();
      EXPECT_EQ(static_cast<std::int64_t>(transport.exact_value()), lemon_value(row_pointers(cost, 0, all), cols, budget))
          << "seed " << seed;
      expect_dual(transport, cols);
      std::vector<const float*> allowed;
      std::vector<std::int64_t> forbidden;
      for (std::int64_t slot = 0; slot < all; ++slot) {
        if (static_cast<std::int64_t>(forbidden.size()) < all - budget &&
            (slot % 2 == 0 || all - slot <= all - budget - static_cast<std::int64_t>(forbidden.size())))
          forbidden.push_back(slot);
        else
          allowed.push_back(cost.row(slot).data());
      }
      ASSERT_EQ(static_cast<std::int64_t>(allowed.size()), budget);
      transport.forbid(std::span(forbidden).first(forbidden.size() / 2));
      transport.solve_again();
      expect_dual(transport, cols);
      transport.forbid(forbidden);
      transport.solve_again();
      EXPECT_EQ(static_cast<std::int64_t>(transport.exact_value()), lemon_value(allowed, cols, budget)) << "seed " << seed;
      const Transport plain = transport.of_allowed();
      EXPECT_EQ(plain.exact_value(), transport.exact_value());
      EXPECT_FALSE(plain.is_relaxed());
      expect_dual(plain, cols);
    }
}

TEST(Transport, RejectedTrialLeavesNoTrace) {
  std::int64_t rejected = 0, accepted = 0;
  for (const CostKind kind : test::kCostKinds)
    for (const auto& [rows, cols] : {TransportSize{8, 40}, TransportSize{9, 40}, TransportSize{30, 20}}) {
      const Matrix<float> cost = invented_costs(3 * rows, cols, kind, static_cast<std::uint64_t>(rows));
      Transport transport = Transport::solve(row_pointers(cost, 0, rows), cols);
      for (std::int64_t i = rows; i < 3 * rows; ++i) {
        const std::string before = transport.save();
        const Int128 value = transport.exact_value();
        const float* row = transport.row(i % rows);
        if (transport.exchange_if_better(i % rows, cost.row(i).data())) {
          ++accepted;
          EXPECT_LT(transport.exact_value(), value);
        } else {
          ++rejected;
          EXPECT_EQ(transport.save(), before);
          EXPECT_EQ(transport.row(i % rows), row);
        }
      }
    }
  EXPECT_GT(rejected, 10);
  EXPECT_GT(accepted, 10);
}

TEST(Transport, RestoredGoesOnIdentically) {
  const Matrix<float> cost = invented_costs(50, 77, CostKind::kTies, 5);
  Transport transport = Transport::solve(row_pointers(cost, 0, 30), 77);
  transport.exchange(3, cost.row(40).data());
  std::vector<const float*> rows = row_pointers(cost, 0, 30);
  rows[3] = cost.row(40).data();
  Transport restored = Transport::restore(rows, transport.save());
  EXPECT_EQ(restored.exact_value(), transport.exact_value());
  transport.exchange(7, cost.row(41).data());
  restored.exchange(7, cost.row(41).data());
  EXPECT_EQ(restored.save(), transport.save());
}

TEST(Transport, StoppedBeforeItsOptimumFailsItsCertificate) {
  const Matrix<float> cost = invented_costs(40, 100, CostKind::kUniform, 9);
  test::expect_error(ExitCode::kNumeric, {"40 rows", "100 columns", "least reduced cost -"},
                     [&] { Transport::solve(row_pointers(cost, 0, 40), 100, {.pivot_limit = 3}); });
}

TEST(Transport, RefusesToForbidMoreThanItCanSpare) {
  const Matrix<float> cost = invented_costs(4, 6, CostKind::kUniform, 9);
  Transport transport = Transport::relaxed(row_pointers(cost, 0, 4), 6, 3);
  test::expect_error(ExitCode::kInput, {"2 rows", "3 are needed"}, [&] {
    const std::int64_t slots[] = {0, 1};
    transport.forbid(slots);
  });
}

}  // namespace
}  // namespace goracs::itra
