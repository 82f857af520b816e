#include <gtest/gtest.h>
#include <mpi.h>

#include <chrono>
#include <thread>

#include "comm/agreement.hpp"
#include "comm/mpi_communicator.hpp"
#include "support/expect_error.hpp"

namespace goracs {
namespace {

/// Waits longer than any peer would wait for a silent rank.
void work_long() { std::this_thread::sleep_for(std::chrono::seconds(5)); }
constexpr double kDeadline = 2;

/// Ranks may start further apart than the deadline: they meet before it counts.
MpiCommunicator world_of_ranks_that_run() {
  MPI_Barrier(MPI_COMM_WORLD);
  return MpiCommunicator(MPI_COMM_WORLD, kDeadline);
}

TEST(LongWork, OfRankZeroKeepsTheOthersWaiting) {
  MpiCommunicator world = world_of_ranks_that_run();
  bool done = false;
  on_root_for_long(world, [&] {
    work_long();
    done = true;
  });
  EXPECT_EQ(done, world.is_root());
  EXPECT_EQ(world.all_reduce<std::int64_t>(1, ReduceOp::kSum), world.size());
}

TEST(LongWork, FailsForAll) {
  MpiCommunicator world = world_of_ranks_that_run();
  test::expect_error(ExitCode::kIo, {"disk full"}, [&] { on_root_for_long(world, [] { fail(ExitCode::kIo, "disk full"); }); });
}

}  // namespace
}  // namespace goracs
