// The communicator's contract for one process alone and for ranks that are threads (which the other tests stand on). No MPI.
#include <gtest/gtest.h>

#include <tuple>

#include "comm/self_communicator.hpp"
#include "communicator_contract.hpp"
#include "support/expect_error.hpp"
#include "support/thread_ranks.hpp"

namespace goracs {
namespace {

class SelfContract : public testing::TestWithParam<test::ContractCase> {};
TEST_P(SelfContract, Holds) {
  SelfCommunicator world;
  GetParam().check(world);
  EXPECT_EQ(world.bytes_sent(), 0);
}
INSTANTIATE_TEST_SUITE_P(All, SelfContract, testing::ValuesIn(test::contract_cases()),
                         [](const auto& instance) { return instance.param.name; });

class ThreadContract : public testing::TestWithParam<std::tuple<test::ContractCase, int>> {};
TEST_P(ThreadContract, Holds) {
  test::on_ranks(std::get<1>(GetParam()), [&](Communicator& world) { std::get<0>(GetParam()).check(world); });
}
INSTANTIATE_TEST_SUITE_P(All, ThreadContract, testing::Combine(testing::ValuesIn(test::contract_cases()), testing::Values(1, 2, 3, 5)),
                         [](const auto& instance) {
                           return fmt::format("{}On{}", std::get<0>(instance.param).name, std::get<1>(instance.param));
                         });

TEST(SelfCommunicator, GetsBackWhatItSendsToItself) {
  SelfCommunicator world;
  Communicator& any = world;
  const std::vector<int> first{1, 2}, second{3};
  any.send(std::span<const int>(first), 0);
  any.send(std::span<const int>(second), 0);
  std::vector<int> got(3);
  any.receive(std::span<int>(got).first(2), 0);
  any.receive(std::span<int>(got).last(1), 0);
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
}

TEST(SelfCommunicator, DoesNotWaitForWhatNobodyWillSend) {
  SelfCommunicator world;
  Communicator& any = world;
  std::vector<int> got(1);
  test::expect_error(ExitCode::kPeer, {"never sent"}, [&] { any.receive(std::span<int>(got), 0); });
  test::expect_error(ExitCode::kPeer, {"rank 1 was named"}, [&] { any.receive(std::span<int>(got), 1); });
  any.send(std::span<const int>(got), 0);
  std::vector<int> more(2);
  test::expect_error(ExitCode::kPeer, {"got 4 bytes", "expected 8"}, [&] { any.receive(std::span<int>(more), 0); });
}

}  // namespace
}  // namespace goracs
