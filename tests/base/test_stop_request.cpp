#include "base/stop_request.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "comm/agreement.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"
#include "support/thread_ranks.hpp"

namespace goracs {
namespace {

class StopRequestTest : public testing::Test {
 protected:
  void SetUp() override { StopRequest::forget(); }
  void TearDown() override {
    StopRequest::forget();
    ::unsetenv("SLURM_JOB_END_TIME");
  }
};

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

TEST_F(StopRequestTest, IsNotThereUnasked) { EXPECT_EQ(StopRequest::reason(), std::nullopt); }

TEST_F(StopRequestTest, ComesBySignal) {
  for (const auto& [name, number] : {std::pair{"USR1", SIGUSR1}, std::pair{"USR2", SIGUSR2}}) {
    StopRequest::forget();
    StopRequest::listen(name);
    EXPECT_EQ(StopRequest::reason(), std::nullopt);
    std::raise(number);
    EXPECT_EQ(StopRequest::reason(), std::string("signal ") + name);
    EXPECT_EQ(StopRequest::reason(), std::string("signal ") + name);  // and stays
  }
}

TEST_F(StopRequestTest, ComesByAFileWithinTwoSeconds) {
  const test::TemporaryFolder run;
  StopRequest::watch_file(run / "STOP");
  EXPECT_EQ(StopRequest::reason(), std::nullopt);
  static_cast<void>(run.file("STOP", ""));
  const double asked = now();
  while (!StopRequest::reason() && now() - asked < 10) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(StopRequest::reason(), "file STOP");
  EXPECT_LT(now() - asked, 2);
}

TEST_F(StopRequestTest, ComesBeforeTheEndOfTheAllocation) {
  ::setenv("SLURM_JOB_END_TIME", std::to_string(static_cast<long long>(now()) + 1000).c_str(), 1);
  StopRequest::watch_walltime("auto");
  EXPECT_EQ(StopRequest::reason(), std::nullopt);
  ASSERT_TRUE(StopRequest::seconds_left());
  EXPECT_NEAR(*StopRequest::seconds_left(), 1000 * 0.95, 5);  // a twentieth is kept back
  StopRequest::expect(300, 700);
  EXPECT_EQ(StopRequest::reason(), "time limit");
}

TEST_F(StopRequestTest, ComesBeforeATimeLimitFromTheStartOfTheProcess) {
  StopRequest::watch_walltime("01:00:00");
  EXPECT_EQ(StopRequest::reason(), std::nullopt);
  ASSERT_TRUE(StopRequest::seconds_left());
  EXPECT_NEAR(*StopRequest::seconds_left(), 3600 - 60, 30);  // a minute is kept back of long limits
  StopRequest::watch_walltime("0");
  EXPECT_EQ(StopRequest::reason(), "time limit");
}

TEST_F(StopRequestTest, HasNoLimitOutsideSlurmOrUnderNone) {
  StopRequest::watch_walltime("auto");
  EXPECT_EQ(StopRequest::seconds_left(), std::nullopt);
  ::setenv("SLURM_JOB_END_TIME", "soon", 1);
  StopRequest::watch_walltime("auto");
  EXPECT_EQ(StopRequest::seconds_left(), std::nullopt);
  ::setenv("SLURM_JOB_END_TIME", "1", 1);
  StopRequest::watch_walltime("none");
  EXPECT_EQ(StopRequest::reason(), std::nullopt);
  test::expect_error(ExitCode::kUsage, {"run.walltime", "tomorrow"}, [] { StopRequest::watch_walltime("tomorrow"); });
}

TEST_F(StopRequestTest, IsAgreedOnByAllRanks) {
  for (int ranks = 1; ranks <= 5; ++ranks) {
    test::on_ranks(ranks, [](Communicator& world) { EXPECT_EQ(stop_agreed(world), std::nullopt); });
    StopRequest::listen("USR2");
    std::raise(SIGUSR2);
    test::on_ranks(ranks, [](Communicator& world) { EXPECT_EQ(stop_agreed(world), "signal USR2"); });
    StopRequest::forget();
  }
}

}  // namespace
}  // namespace goracs
