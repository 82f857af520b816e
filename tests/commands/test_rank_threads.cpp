#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include "comm/launcher.hpp"
#include "comm/self_communicator.hpp"
#include "commands/rank_threads.hpp"
#include "support/thread_ranks.hpp"

namespace goracs {
namespace {

int own_cpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(0, sizeof(cpus), &cpus);
  return CPU_COUNT(&cpus);
}

/// Environment variables of one test; those of every launcher are unset first.
class LauncherOfEnvironment : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS",
                             "SLURM_NTASKS", "SLURM_JOB_ID"})
      unsetenv(name);
  }
  void TearDown() override { SetUp(); }
};

TEST(RankThreads, OfOneRankAreTheCpusOfItsMask) {
  SelfCommunicator world;
  const RankThreads found = rank_threads(std::nullopt, world);
  EXPECT_EQ(found.threads, own_cpus());
  EXPECT_EQ(found.sharing, 1);
  EXPECT_EQ(found.warning, "");
}

TEST(RankThreads, AreSharedOutAmongRanksWithTheSameMaskAndNeverLessThanOne) {
  test::on_ranks(3, [](Communicator& world) {
    const RankThreads found = rank_threads(std::nullopt, world);
    EXPECT_EQ(found.sharing, 3);
    EXPECT_EQ(found.threads, std::max(1, own_cpus() / 3));
  });
}

TEST(RankThreads, ThatAreAskedForAreTakenWithAWarningWhenThereAreFewerCpus) {
  SelfCommunicator world;
  EXPECT_EQ(rank_threads(1, world).threads, 1);
  const RankThreads many = rank_threads(own_cpus() + 1, world);
  EXPECT_EQ(many.threads, own_cpus() + 1);
  EXPECT_NE(many.warning.find("may use " + std::to_string(own_cpus()) + " CPUs only"), std::string::npos);
}

TEST(RankThreads, WarnOnEveryRankWhenOneIsBoundToOneCpuOfMany) {
  if (own_cpus() == 1) return;  // one CPU is all there is
  test::on_ranks(2, [](Communicator& world) {
    if (world.rank() == 1) {  // binds the thread that is this rank
      cpu_set_t one;
      sched_getaffinity(0, sizeof(one), &one);
      int first = 0;
      while (!CPU_ISSET(first, &one)) ++first;
      CPU_ZERO(&one);
      CPU_SET(first, &one);
      sched_setaffinity(0, sizeof(one), &one);
    }
    const RankThreads found = rank_threads(std::nullopt, world);
    EXPECT_NE(found.warning.find("rank 1 is bound to one of "), std::string::npos) << found.warning;
    EXPECT_EQ(found.threads, world.rank() == 1 ? 1 : own_cpus());
  });
}

TEST_F(LauncherOfEnvironment, IsNoneForAProcessAloneOrInABatchScript) {
  EXPECT_FALSE(launcher());
  setenv("SLURM_JOB_ID", "7", 1);
  setenv("SLURM_NTASKS", "4", 1);
  setenv("SLURM_PROCID", "0", 1);
  EXPECT_FALSE(launcher());
}

TEST_F(LauncherOfEnvironment, IsTheInnermostOne) {
  setenv("SLURM_PROCID", "0", 1);
  setenv("SLURM_STEP_NUM_TASKS", "1", 1);
  EXPECT_STREQ(launcher()->name, "srun");
  setenv("OMPI_COMM_WORLD_RANK", "2", 1);
  setenv("OMPI_COMM_WORLD_SIZE", "3", 1);
  EXPECT_STREQ(launcher()->name, "mpirun");
  EXPECT_EQ(launcher()->rank, 2);
  EXPECT_EQ(launcher()->size, 3);
}

TEST_F(LauncherOfEnvironment, IsNoneWhenItsVariablesAreNoNumbers) {
  setenv("PMI_RANK", "one", 1);
  setenv("PMI_SIZE", "3", 1);
  EXPECT_FALSE(launcher());
}

}  // namespace
}  // namespace goracs
