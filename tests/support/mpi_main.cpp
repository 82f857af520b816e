// main of tests with RANKS: GoogleTest on every rank of mpirun. A failure on any rank fails the test everywhere; a watchdog names a hang.
#include <gtest/gtest.h>
#include <mpi.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "comm/mpi_communicator.hpp"
#include "support/mpi_world.hpp"

namespace goracs::test {
namespace {

std::unique_ptr<MpiCommunicator> the_world;

/// Ends this rank a little before CTest's time is up, and says where it hangs; mpirun then ends the others.
class Watchdog {
 public:
  explicit Watchdog(int rank) {
    const char* timeout = std::getenv("GORACS_TEST_TIMEOUT");  // seconds; tools/cmake/GoracsAddTest.cmake
    if (timeout == nullptr) return;
    std::thread([this, rank, seconds = 0.9 * std::atof(timeout)] {
      std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
      {
        const std::lock_guard lock(mutex_);
        std::fprintf(stderr, "[rank %d] watchdog: still in %s after %.0f s\n", rank, place_.c_str(), seconds);
      }
      std::this_thread::sleep_for(std::chrono::seconds(1));  // the other ranks say it, too
      std::_Exit(1);
    }).detach();
  }
  void now_in(const std::string& place) {
    const std::lock_guard lock(mutex_);
    place_ = place;
  }

 private:
  std::mutex mutex_;
  std::string place_ = "the start";
};

std::string full_name(const testing::TestInfo& info) { return std::string(info.test_suite_name()) + "." + info.name(); }

/// Failures of ranks above 0, which print nothing else, and the meeting of all ranks after each test.
class RankListener final : public testing::EmptyTestEventListener {
 public:
  RankListener(Communicator& world, Watchdog& watchdog) : world_(world), watchdog_(watchdog) {}
  bool failed() const { return failed_; }

  void OnTestStart(const testing::TestInfo& info) override { watchdog_.now_in(full_name(info)); }
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed() || world_.is_root()) return;
    std::fprintf(stderr, "[rank %d] %s:%d: %s\n", world_.rank(), result.file_name() == nullptr ? "" : result.file_name(),
                 result.line_number(), result.message());
  }
  void OnTestEnd(const testing::TestInfo& info) override {
    const bool own = info.result()->Failed();
    try {
      const std::int64_t first = world_.all_reduce<std::int64_t>(own ? world_.rank() : world_.size(), ReduceOp::kMin);
      if (first == world_.size()) return;
      failed_ = true;
      if (world_.is_root() && !own) std::fprintf(stderr, "%s failed on rank %d\n", full_name(info).c_str(), static_cast<int>(first));
    } catch (const Error& error) {
      std::fprintf(stderr, "[rank %d] after %s: %s\n", world_.rank(), full_name(info).c_str(), error.what());
      std::fflush(nullptr);
      MPI_Abort(MPI_COMM_WORLD, 1);  // the ranks are out of step: what follows would mean nothing
    }
  }

 private:
  Communicator& world_;
  Watchdog& watchdog_;
  bool failed_ = false;
};

/// 0 when every rank passed every test, and there was one.
int run(Watchdog& watchdog) {
  testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  testing::TestEventListeners& listeners = tests.listeners();
  if (!the_world->is_root()) delete listeners.Release(listeners.default_result_printer());
  auto* listener = new RankListener(*the_world, watchdog);
  listeners.Append(listener);  // GoogleTest owns it
  const bool passed = RUN_ALL_TESTS() == 0 && !listener->failed();
  if (tests.test_to_run_count() == 0) std::fprintf(stderr, "no test was chosen\n");
  return passed && tests.test_to_run_count() > 0 ? 0 : 1;
}

}  // namespace

Communicator& world() { return *the_world; }

}  // namespace goracs::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  static goracs::test::Watchdog watchdog(rank);
  goracs::test::the_world = std::make_unique<goracs::MpiCommunicator>(MPI_COMM_WORLD, goracs::test::kPeerSeconds);
  const int status = goracs::test::run(watchdog);
  watchdog.now_in("MPI_Finalize");
  goracs::test::the_world.reset();
  MPI_Finalize();
  return status;
}
