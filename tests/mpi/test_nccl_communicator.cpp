// NCCL's communicator against the contract and against failures, on a fake of NCCL over MPI and the emulator's cudart.
#include "comm/nccl_communicator.hpp"

#include <gtest/gtest.h>
#include <mpi.h>
#include <nccl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>

#include "comm/agreement.hpp"
#include "comm/mpi_communicator.hpp"
#include "comm/rank_gpu.hpp"
#include "comm/self_communicator.hpp"
#include "communicator_contract.hpp"
#include "exchange_beside_work.hpp"
#include "fake_nccl.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"
#include "support/expect_error.hpp"
#include "support/mpi_world.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

constexpr double kDeadline = 1;

/// Work that meets nobody: half of the time numbers, half of it a file that goes to the disk.
void work_for(double seconds) {
  const test::TemporaryFolder folder;
  std::FILE* const file = std::fopen((folder / "written").c_str(), "wb");
  ASSERT_NE(file, nullptr);
  const auto begin = std::chrono::steady_clock::now();
  const auto worked = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  double sum = 0;
  while (worked() < seconds / 2)
    for (int k = 1; k < 1000; ++k) sum += 1. / k;
  while (worked() < seconds) {
    std::fwrite(&sum, sizeof sum, 1, file);
    std::fflush(file);
    fsync(fileno(file));
  }
  std::fclose(file);
}

/// As many devices as there are ranks, or fewer.
void devices(int count) { setenv("GORACS_FAKE_DEVICES", std::to_string(count).c_str(), 1); }

bool was_called(const char* function) { return std::ranges::count(fakes::calls(), function) > 0; }

class NcclContract : public testing::TestWithParam<test::ContractCase> {};
TEST_P(NcclContract, Holds) {
  devices(test::world().size());
  const std::size_t used = fakes::device_bytes_used();
  {
    NcclCommunicator world(test::world(), test::kPeerSeconds);
    GetParam().check(world);
  }
  EXPECT_EQ(fakes::device_bytes_used(), used) << "device memory that nobody has freed";
}
INSTANTIATE_TEST_SUITE_P(All, NcclContract, testing::ValuesIn(test::contract_cases()),
                         [](const auto& instance) { return instance.param.name; });

class Nccl : public testing::Test {
 protected:
  void SetUp() override {
    devices(test::world().size());
    fakes::forget_calls();
  }
  /// What an exchange of `any` says when it fails: rank, phase and call, and NCCL is aborted.
  void expect_end(Communicator& any, const std::string& call) {
    const std::string rank = "rank " + std::to_string(any.rank());
    std::vector<double> values{1, 2, 3};
    test::expect_error(ExitCode::kPeer, {rank, "'broadcast'", call}, [&] { any.broadcast(std::span<double>(values), 0); });
    EXPECT_TRUE(was_called("ncclCommAbort"));
    test::expect_error(ExitCode::kPeer, {"after an exchange that failed"}, [&] { any.broadcast(std::span<double>(values), 0); });
  }
};

TEST_F(Nccl, ACallThatFailsIsNamed) {
  NcclCommunicator world(test::world(), kDeadline);
  fakes::fail_call("ncclBroadcast", 1, ncclSystemError);
  expect_end(world, "ncclBroadcast");
}

TEST_F(Nccl, AnErrorThatComesLaterIsNamed) {
  NcclCommunicator world(test::world(), kDeadline);
  fakes::fail_call("ncclCommGetAsyncError", 2, ncclRemoteError);
  expect_end(world, "remote process exited");
}

TEST_F(Nccl, WorkThatIsNeverDoneEndsAtTheDeadline) {
  NcclCommunicator world(test::world(), kDeadline);
  fakes::stall_next_nccl_work();
  const auto begin = std::chrono::steady_clock::now();
  expect_end(world, "ncclBroadcast (run.deadline_seconds)");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::duration<double>(kDeadline));
}

/// Takes seconds: a test of CTest of its own (nccl_long_work), on 3 ranks.
class NcclLongWork : public Nccl {};

// Ranks come to exchanges late, by more than NCCL's deadline: the others wait over the host, and no call of NCCL's is under way.
TEST_F(NcclLongWork, OfAnyRankBeforeAnExchangeTripsNoTimeout) {
  ASSERT_EQ(test::world().size(), 3);
  NcclCommunicator nccl(test::world(), kDeadline);
  Communicator& world = nccl;
  const std::vector<double> own{1. + world.rank()};
  std::vector<double> first{own};
  const std::function<void()> exchanges[] = {
      [&] { world.broadcast(std::span<double>(first), 0); },
      [&] { EXPECT_EQ(world.all_reduce(own[0], ReduceOp::kSum), 6); },
      [&] { EXPECT_EQ(world.all_gather(std::span<const double>(own)), (std::vector<double>{1, 2, 3})); },
      [&] {
        if (world.rank() == 1) world.send(std::span<const double>(own), 0);
        if (world.rank() == 0) world.receive(std::span<double>(first), 1);
      },
  };
  int late = 0;
  for (const std::function<void()>& exchange : exchanges) {
    if (world.rank() == late++ % 2) work_for(1.5 * kDeadline);
    exchange();
  }
  EXPECT_EQ(first, std::vector<double>{world.rank() == 0 ? 2. : 1.});
}

TEST_F(NcclLongWork, OfRankZeroTripsNoTimeoutOfTheHostEither) {
  test::world().barrier("the start");  // ranks may come here further apart than the deadline
  MpiCommunicator host(MPI_COMM_WORLD, 2 * kDeadline);
  NcclCommunicator world(host, kDeadline);
  bool done = false;
  on_root_for_long(world, [&] {
    work_for(5 * kDeadline);
    done = true;
  });
  EXPECT_EQ(done, world.is_root());
}

TEST_F(Nccl, EveryCallOfAGroupMayFail) {
  for (const char* call : {"ncclGroupStart", "ncclSend", "ncclRecv", "ncclGroupEnd"}) {
    NcclCommunicator world(test::world(), kDeadline);
    Communicator& any = world;
    fakes::fail_call(call, 1, ncclInternalError);
    const std::vector<int> own{world.rank()};
    test::expect_error(ExitCode::kPeer, {"'gather'", "rank " + std::to_string(world.rank())},
                       [&] { any.all_gather(std::span<const int>(own)); });
  }
}

TEST_F(Nccl, EndsAnExchangeBesideWork) {
  NcclCommunicator world(test::world(), kDeadline);
  test::expect_end_beside_work(world);
}

/// As GradientSum does: two buckets begun, and the first one's end waited for.
std::function<void()> two_beside_work(Communicator& world, std::vector<std::unique_ptr<PendingExchange>>& begun) {
  return [&] {
    const auto ranks = static_cast<std::size_t>(world.size());
    const std::vector<std::byte> part(100);
    for (int k = 0; k < 2; ++k)
      begun.push_back(world.begin_exchange("beside work", std::vector(ranks, part), std::vector<std::size_t>(ranks, part.size())));
    begun[0]->finish();
  };
}

TEST_F(Nccl, WorkBesideThatIsNeverDoneEndsAtTheDeadline) {
  NcclCommunicator world(test::world(), kDeadline);
  if (world.size() == 1) return;  // it sends itself nothing
  std::vector<std::unique_ptr<PendingExchange>> begun;
  fakes::stall_next_nccl_work();
  const std::string rank = "rank " + std::to_string(world.rank());
  test::expect_error(ExitCode::kPeer, {rank, "'beside work'", "ncclGroupEnd (run.deadline_seconds)"}, two_beside_work(world, begun));
  EXPECT_TRUE(was_called("ncclCommAbort"));
  begun.clear();
  test::expect_error(ExitCode::kPeer, {"after an exchange that failed"}, two_beside_work(world, begun));
}

TEST_F(Nccl, NoOtherExchangeComesBetween) {
  NcclCommunicator world(test::world(), kDeadline);
  std::vector<std::unique_ptr<PendingExchange>> begun;
  two_beside_work(world, begun)();
  test::expect_error(ExitCode::kPeer, {"'broadcast' while exchanges beside work"}, [&] {
    std::vector<double> values{1};
    static_cast<Communicator&>(world).broadcast(std::span<double>(values), 0);
  });
  begun[1]->finish();
}

/// One number a rank, gathered on the device.
class DeviceGather : public Nccl {
 protected:
  void SetUp() override {
    Nccl::SetUp();
    world_ = nccl_communicator(test::world(), kDeadline);
    const int number = 100 + world_->rank();
    own_ = cuda::DeviceArray<int>(std::span(&number, 1));
    all_ = cuda::DeviceArray<int>(world_->size());
    fakes::forget_calls();
  }
  void begin() { world_->begin_device_gather("gather of layer 3", std::as_bytes(own_.span()), std::as_writable_bytes(all_.span())); }
  std::function<void()> whole() {
    return [&] {
      begin();
      world_->end_gather();
    };
  }
  void expect_gathered() {
    std::vector<int> expected;
    for (int r = 0; r < world_->size(); ++r) expected.push_back(100 + r);
    EXPECT_EQ(all_.to_host(), expected);
  }
  Communicator& world() { return *world_; }
  std::string rank() const { return "rank " + std::to_string(world_->rank()); }

 private:
  std::unique_ptr<Communicator> world_;
  cuda::DeviceArray<int> own_, all_;
};

TEST_F(DeviceGather, GoesToNcclBesideWorkAndNoByteOfItToTheHost) {
  begin();
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(test::kPeerSeconds);
  while (!was_called("ncclAllGather") && std::chrono::steady_clock::now() < end) world().advance_gather();
  EXPECT_TRUE(was_called("ncclAllGather")) << "nobody has waited for it";
  world().end_gather();
  EXPECT_FALSE(was_called("cudaMemcpyAsync"));
  EXPECT_FALSE(was_called("cudaMalloc"));
  expect_gathered();
}

TEST_F(DeviceGather, ThatIsNeverDoneEndsAtTheDeadline) {
  fakes::stall_next_nccl_work();
  test::expect_error(ExitCode::kPeer, {rank(), "'gather of layer 3'", "ncclAllGather (run.deadline_seconds)"}, whole());
  EXPECT_TRUE(was_called("ncclCommAbort"));
  test::expect_error(ExitCode::kPeer, {"'gather of layer 3' after an exchange that failed"}, whole());
}

TEST_F(DeviceGather, ThatIsNeverDoneIsNamedByTheExchangeThatComesWithinIt) {
  fakes::stall_next_nccl_work();
  begin();
  test::expect_error(ExitCode::kPeer, {rank(), "'gather of layer 3'", "ncclAllGather (run.deadline_seconds)"},
                     [&] { world().all_reduce(1.0, ReduceOp::kSum); });
}

TEST_F(DeviceGather, ErrorsOfItsWorkAreNamed) {
  fakes::fail_call("cudaStreamQuery", 1, 719);  // cudaErrorLaunchFailure
  test::expect_error(ExitCode::kIo, {rank(), "'gather of layer 3'", "ncclAllGather", "cudaStreamQuery"}, whole());
}

TEST_F(DeviceGather, ARankThatCannotBeginSaysSoToAllAndTheyGoOn) {
  const int last = test::world().size() - 1;
  if (world().rank() == last) fakes::fail_call("cudaStreamCreateWithFlags", 1, 2);  // cudaErrorMemoryAllocation
  test::expect_error(ExitCode::kIo, {"rank " + std::to_string(last), "'gather of layer 3'", "cudaStreamCreateWithFlags"}, whole());
  world().end_gather();  // nothing is left to wait for
  EXPECT_EQ(world().all_reduce<std::int64_t>(1, ReduceOp::kSum), world().size());
  whole()();
  expect_gathered();
}

TEST_F(DeviceGather, TwoAtOnceAndMessagesBetweenTwoRanksAreRefused) {
  begin();
  test::expect_error(ExitCode::kPeer, {"while another gather is under way"}, [&] { begin(); });
  std::vector<int> values{1};
  test::expect_error(ExitCode::kPeer, {"'send to rank 0' while a gather"}, [&] { world().send(std::span<const int>(values), 0); });
  test::expect_error(ExitCode::kPeer, {"'receive from rank 0' while a gather"}, [&] { world().receive(std::span<int>(values), 0); });
  world().end_gather();
  expect_gathered();
}

TEST_F(Nccl, OneRankOnItsGpuGathersThereToo) {
  devices(1);
  SelfCommunicator alone;
  take_own_gpu(alone);
  for (const test::ContractCase& one : test::contract_cases()) one.check(alone);
}

TEST_F(Nccl, AStartThatFailsIsNamed) {
  fakes::fail_call("ncclCommInitRankConfig", 1, ncclSystemError);
  test::expect_error(ExitCode::kPeer, {"'the start'", "ncclCommInitRankConfig"}, [] { NcclCommunicator world(test::world(), kDeadline); });
}

TEST_F(Nccl, AFullDeviceIsNoPeersFault) {
  NcclCommunicator world(test::world(), kDeadline);
  Communicator& any = world;
  fakes::fail_call("cudaMalloc", 1, 2);  // cudaErrorMemoryAllocation
  std::vector<double> values{1, 2, 3};
  test::expect_error(ExitCode::kIo, {"24 bytes", "cudaMalloc"}, [&] { any.broadcast(std::span<double>(values), 0); });
}

TEST_F(Nccl, TwoRanksOnOneGpuAreRefused) {
  if (test::world().size() == 1) return;
  devices(test::world().size() - 1);
  const std::string last = std::to_string(test::world().size() - 1);
  test::expect_error(ExitCode::kUsage, {"ranks 0 and " + last, "share GPU 0000:00:00.0"},
                     [] { NcclCommunicator world(test::world(), kDeadline); });
}

TEST_F(Nccl, NoGpuIsRefused) {
  devices(0);
  test::expect_error(ExitCode::kUsage, {"a GPU for each rank", "there is no GPU"},
                     [] { NcclCommunicator world(test::world(), kDeadline); });
}

}  // namespace
}  // namespace goracs
