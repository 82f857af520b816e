// What crosses between host and GPU, and a GPU that is full; on the emulator only.
#include <gtest/gtest.h>

#include "comm/self_communicator.hpp"
#include "itra/cost_matrix.hpp"
#include "itra/greedy.hpp"
#include "itra/lower_bound.hpp"
#include "itra/pruning.hpp"
#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"
#include "support/expect_error.hpp"
#include "support/random_costs.hpp"
#include "support/selection_data.hpp"

namespace goracs::itra {
namespace {

constexpr std::int64_t kRows = 150, kCols = 40, kBudget = 8, kCandidates = 5;

/// Bytes that `work` copies to the host.
template <class Work>
std::int64_t bytes_to_host(const Work& work) {
  const std::int64_t before = fakes::bytes_to_host();
  work();
  return fakes::bytes_to_host() - before;
}

TEST(GpuTraffic, OfAPruningPassIsItsCandidates) {
  SelfCommunicator self;
  const CostMatrix cost = CostMatrix::of(test::random_costs(kRows, kCols, 1), self, Place::kGpu);
  const CostRows rows = cost.view();
  const ExchangeScore score(OrderStatistic::kSmallest, kCols, kBudget);
  const auto ranking = rows.kernels().outer_ranking(rows, score, true);
  const std::vector<double> potential(kCols, 0.25);
  const std::vector<char> excluded(kRows, 0);
  EXPECT_EQ(bytes_to_host([&] { ranking->best(potential, excluded, kCandidates); }),
            kCandidates * static_cast<std::int64_t>(sizeof(Int128) + sizeof(std::int64_t)));
}

TEST(GpuTraffic, OfAGreedyStepIsOneRowAndGains) {
  SelfCommunicator self;
  const CostMatrix cost = CostMatrix::of(test::random_costs(kRows, kCols, 1), self, Place::kGpu);
  GreedyPass pass(cost, self);
  pass.first_rows(2);  // all sums and gains
  const std::int64_t bytes = bytes_to_host([&] { pass.first_rows(3); });
  const std::int64_t row = kCols * static_cast<std::int64_t>(sizeof(float));
  EXPECT_GE(bytes, row);
  EXPECT_LE(bytes, row + kRows * static_cast<std::int64_t>(sizeof(std::int64_t)));
}

TEST(GpuTraffic, OfABoundIsAScoreARowAndTheColumnsOfTheLowest) {
  SelfCommunicator self;
  const CostMatrix cost = CostMatrix::of(test::random_costs(kRows, kCols, 1), self, Place::kGpu);
  const CostRows rows = cost.view();
  LowerBound bound(rows, kBudget, self);
  const std::vector<double> dual(kCols, 0.25);
  const std::int64_t of_scores = kRows * static_cast<std::int64_t>(sizeof(LowestSum));
  EXPECT_EQ(bytes_to_host([&] { bound.evaluate(dual); }), of_scores + kCols * static_cast<std::int64_t>(sizeof(CostArc)));
}

TEST(GpuMemory, ThatIsNotEnoughIsAnErrorThatSaysHowMuch) {
  SelfCommunicator self;
  const std::size_t all = fakes::device_bytes(), used = fakes::device_bytes_used();
  fakes::set_device_bytes(used + 4 * kRows * kCols - 1);
  const test::SelectionData data = test::clustered_data(kRows, kCols, 6, 1);
  SelectionInput input = data.input();
  input.place = Place::kGpu;
  test::expect_error(ExitCode::kIo, {"24000 bytes", "cudaMalloc"}, [&] { select(input, test::select_settings("itra", kBudget), 1, self); });
  fakes::set_device_bytes(all);
  EXPECT_EQ(fakes::device_bytes_used(), used);
}

}  // namespace
}  // namespace goracs::itra
