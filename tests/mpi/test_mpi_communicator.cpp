// The communicator's contract over MPI, with whole messages and with messages split into small ones.
#include "comm/mpi_communicator.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <tuple>

#include "communicator_contract.hpp"
#include "exchange_beside_work.hpp"
#include "support/mpi_world.hpp"

namespace goracs {
namespace {

constexpr std::int64_t kFewBytes = 1004;  // no multiple of 8: splits fall inside values

class MpiContract : public testing::TestWithParam<std::tuple<test::ContractCase, std::int64_t>> {};
TEST_P(MpiContract, Holds) {
  MpiCommunicator world(MPI_COMM_WORLD, test::kPeerSeconds, std::get<1>(GetParam()));
  std::get<0>(GetParam()).check(world);
}
INSTANTIATE_TEST_SUITE_P(All, MpiContract,
                         testing::Combine(testing::ValuesIn(test::contract_cases()),
                                          testing::Values(MpiCommunicator::kLargestMessage, kFewBytes)),
                         [](const auto& instance) {
                           return std::string(std::get<0>(instance.param).name) +
                                  (std::get<1>(instance.param) == kFewBytes ? "Split" : "Whole");
                         });

TEST(MpiCommunicator, CountsTheBytesItSends) {
  MpiCommunicator world(MPI_COMM_WORLD);
  Communicator& any = world;
  std::vector<float> values(25);
  any.broadcast(std::span<float>(values), 0);
  EXPECT_EQ(world.bytes_sent(), world.is_root() ? 100 * (world.size() - 1) : 0);
}

TEST(MpiCommunicator, KeepsWaitingForAPeerThatIsAtWork) {
  constexpr double kDeadline = 1;
  constexpr std::chrono::milliseconds kWork{3000}, kStep{20};
  MpiCommunicator world(MPI_COMM_WORLD, kDeadline);
  if (world.is_root())
    for (const auto end = std::chrono::steady_clock::now() + kWork; std::chrono::steady_clock::now() < end;) {
      std::this_thread::sleep_for(kStep);
      world.still_working();
    }
  world.barrier("after long work of rank 0");
}

TEST(MpiCommunicator, EndsAnExchangeBesideWork) { test::expect_end_beside_work(test::world()); }

}  // namespace
}  // namespace goracs
