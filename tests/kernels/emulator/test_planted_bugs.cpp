// Each mistake of planted_bugs.hpp is caught by the builds of the emulator that can see it. What no schedule shows (a lost addition, a
// missing fence) only TSan finds; what only an address shows, only ASan: that is why there are four builds.
//
//   test_planted_bugs FOLDER BUILD...     the folder with planted_bugs_BUILD for each
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "kernels/emulator/planted_bugs.hpp"

namespace goracs::emulator {
namespace {

enum class Caught { kWrong, kViolation, kRace, kOutOfBounds, kReport };

struct Expectation {
  Bug bug;
  const char* build;
  const char* orders;  // "adr": ascending, descending, random
  Caught as;
  const char* text = "";  // of the report
};

constexpr const char* kEveryOrder = "adr";

const std::vector<Expectation> kExpectations{
    {Bug::kReadBeforeBarrier, "plain", "ar", Caught::kWrong},
    {Bug::kReadBeforeBarrier, "tsan", kEveryOrder, Caught::kRace},
    {Bug::kWriteBeforeBarrier, "plain", "dr", Caught::kWrong},
    {Bug::kWriteBeforeBarrier, "tsan", kEveryOrder, Caught::kRace},
    {Bug::kPlainAddition, "tsan", kEveryOrder, Caught::kRace},
    {Bug::kNoSyncwarp, "plain", kEveryOrder, Caught::kWrong},
    {Bug::kNoSyncwarp, "tsan", kEveryOrder, Caught::kRace},
    {Bug::kStaticOverrun, "plain", kEveryOrder, Caught::kWrong},
    {Bug::kStaticOverrun, "asan", "a", Caught::kReport, "out of bounds for type"},
    {Bug::kDynamicOverrun, "asan", "a", Caught::kReport, "heap-buffer-overflow"},
    {Bug::kOverrunThroughPointer, "asan", "a", Caught::kReport, "global-buffer-overflow"},
    {Bug::kUninitialisedShared, "plain", kEveryOrder, Caught::kWrong},
    {Bug::kUninitialisedShared, "asan", "a", Caught::kWrong},
    {Bug::kUninitialisedShared, "tsan", "a", Caught::kWrong},
    {Bug::kUninitialisedShared, "threads", "a", Caught::kWrong},
    {Bug::kWrongShuffleMask, "plain", "a", Caught::kViolation, "outside the mask 0000ffff"},
    {Bug::kWrongShuffleMask, "plain", "dr", Caught::kViolation, "outside its own mask 0000ffff"},
    {Bug::kReadPastRow, "plain", "a", Caught::kOutOfBounds},
    {Bug::kReadPastRow, "asan", "a", Caught::kOutOfBounds},
    {Bug::kDifferentBarriers, "plain", kEveryOrder, Caught::kViolation, "different barriers: block"},
    {Bug::kSkippedBarrier, "plain", kEveryOrder, Caught::kViolation, "different barriers: block"},
    {Bug::kExitBeforeBarrier, "plain", kEveryOrder, Caught::kViolation, "reached by 64 threads after 64 have exited"},
    {Bug::kNoFence, "threads", kEveryOrder, Caught::kRace},
    {Bug::kDeadlock, "plain", kEveryOrder, Caught::kViolation, "deadlock: block"},
    {Bug::kMissingLanes, "plain", kEveryOrder, Caught::kViolation, "names lanes that do not exist"},
    {Bug::kMixedCollectives, "plain", kEveryOrder, Caught::kViolation, "warp collectives that do not match"},
    {Bug::kLargeBlock, "plain", "a", Caught::kViolation, "1056 x 1 x 1 threads"},
    {Bug::kAboveLaunchBounds, "plain", "a", Caught::kViolation, "160 threads a block, but the kernel's __launch_bounds__ are 128"},
    {Bug::kTallGrid, "plain", "a", Caught::kViolation, "2 x 65536 x 1 blocks"},
    {Bug::kMuchSharedMemory, "plain", "a", Caught::kViolation, "49153 bytes"},
    {Bug::kHostReadsDeviceMemory, "plain", "a", Caught::kOutOfBounds},
    {Bug::kHostReadsDeviceMemory, "asan", "a", Caught::kOutOfBounds},
    {Bug::kReadBeforeSynchronise, "plain", "a", Caught::kWrong},
    {Bug::kCopyPastAllocation, "plain", "a", Caught::kViolation, "not within one allocation"},
};

std::string folder;
std::vector<std::string> builds;

struct Outcome {
  int status = 0;
  std::string output;  // of both streams
};

const char* order_name(char letter) { return letter == 'a' ? "ascending" : letter == 'd' ? "descending" : "random"; }

Outcome run(const std::string& build, Bug bug, char order, int seed) {
  const std::string name(kBugNames[static_cast<std::size_t>(bug)]);
  const std::string command =
      folder + "/planted_bugs_" + build + " " + name + " " + order_name(order) + " " + std::to_string(seed) + " 2>&1";
  FILE* const pipe = popen(command.c_str(), "r");
  Outcome outcome;
  std::array<char, 4096> block;
  for (std::size_t got; (got = fread(block.data(), 1, block.size(), pipe)) > 0;) outcome.output.append(block.data(), got);
  outcome.status = pclose(pipe);
  return outcome;
}

void expect_caught(const Outcome& outcome, const Expectation& expected) {
  switch (expected.as) {
    case Caught::kWrong:
      EXPECT_EQ(outcome.status, 0);
      EXPECT_THAT(outcome.output, testing::EndsWith("wrong\n"));
      break;
    case Caught::kViolation:
      EXPECT_EQ(outcome.status, 0);
      EXPECT_THAT(outcome.output, testing::StartsWith("violation: "));
      break;
    case Caught::kRace:
      EXPECT_NE(outcome.status, 0);
      EXPECT_THAT(outcome.output, testing::HasSubstr("ThreadSanitizer: data race"));
      break;
    case Caught::kOutOfBounds:
      EXPECT_NE(outcome.status, 0);
      EXPECT_THAT(outcome.output, testing::Not(testing::EndsWith("right\n")));
      break;
    case Caught::kReport: EXPECT_NE(outcome.status, 0); break;
  }
  EXPECT_THAT(outcome.output, testing::HasSubstr(expected.text));
}

bool built(const std::string& build) { return std::find(builds.begin(), builds.end(), build) != builds.end(); }

TEST(Emulator, CatchesEveryPlantedBugWhereItCanBeSeen) {
  for (const Expectation& expected : kExpectations) {
    if (!built(expected.build)) continue;
    for (const char* order = expected.orders; *order != '\0'; ++order) {
      SCOPED_TRACE(testing::Message() << kBugNames[static_cast<std::size_t>(expected.bug)] << " in " << expected.build << ", "
                                      << order_name(*order));
      expect_caught(run(expected.build, expected.bug, *order, 1), expected);
    }
  }
}

TEST(Emulator, CatchesEveryPlantedBugInSomeBuild) {
  for (std::size_t bug = 1; bug < kBugNames.size(); ++bug) {
    EXPECT_TRUE(std::any_of(kExpectations.begin(), kExpectations.end(), [bug](const Expectation& expected) {
      return expected.bug == static_cast<Bug>(bug);
    })) << kBugNames[bug];
  }
}

TEST(Emulator, FindsNothingInRightKernels) {
  for (const std::string& build : builds) {
    for (const char order : {'a', 'd', 'r'}) {
      const Outcome outcome = run(build, Bug::kNone, order, 1);
      EXPECT_EQ(outcome.status, 0) << build << order_name(order);
      EXPECT_EQ(outcome.output, "right\n") << build << order_name(order);
    }
  }
}

TEST(Emulator, FindsMissingBarriersUnderEverySeedOfRandomSchedules) {
  constexpr int kSeeds = 50;
  for (const Bug bug : {Bug::kReadBeforeBarrier, Bug::kWriteBeforeBarrier, Bug::kNoSyncwarp}) {
    int found = 0;
    for (int seed = 0; seed < kSeeds; ++seed) found += run(builds.front(), bug, 'r', seed).output == "wrong\n" ? 1 : 0;
    EXPECT_EQ(found, kSeeds) << kBugNames[static_cast<std::size_t>(bug)];
  }
}

}  // namespace
}  // namespace goracs::emulator

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc < 3) return EXIT_FAILURE;
  goracs::emulator::folder = argv[1];
  goracs::emulator::builds.assign(argv + 2, argv + argc);
  return RUN_ALL_TESTS();
}
