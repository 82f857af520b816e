#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "artifact/stage_folder.hpp"
#include "comm/agreement.hpp"
#include "support/mpi_world.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

constexpr double kPatience = 60;

/// As tests/faults/artifact_work.cpp, killed at the n-th point of a commit. False once it passed.
bool is_killed(const std::filesystem::path& work, int at) {
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "artifact_work";
    ::setenv("GORACS_CRASH_AT", ("commit:" + std::to_string(at)).c_str(), 1);
    static_cast<void>(std::freopen("/dev/null", "w", stdout));
    ::execl(program.c_str(), program.c_str(), work.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status);
}

StageIdentity identity_of_work() { return {Stage::kGrads, R"({"grads.seed":0})", {{"prepare", "ab12"}}}; }

/// The work that was cut off, done by all ranks.
std::string finish(const std::filesystem::path& work, Communicator& world) {
  StageFolder folder = StageFolder::open(work, identity_of_work(), world);
  if (!folder.sealed()) {
    if (world.is_root()) {
      const std::vector<double> values{0.5, 1.5, 2.5};
      H5File h5 = folder.create_h5("gradient_norms.h5", {});
      h5.write("/gradient_norm", std::span<const double>(values));
      h5.write("/loss", std::span<const double>(values));
      h5.close();
      std::ofstream notes(folder.new_file("notes/a.txt"));
      for (int line = 0; line < 100; ++line) notes << "after 2 steps\n";
    }
    folder.seal({}, 1, world);
  }
  static_cast<void>(folder.file("gradient_norms.h5"));
  return folder.content_sha256();
}

TEST(Leftovers, OfACommitCutOffAnywhereHinderNobody) {
  Communicator& world = test::world();
  std::string expected;
  int points = 0;
  double longest = 0;
  for (bool passed = false; !passed;) {
    std::optional<test::TemporaryFolder> own;
    if (world.is_root()) {
      own.emplace();
      passed = !is_killed(own->path() / "work", ++points);
    }
    passed = world.all_reduce<std::int64_t>(passed ? 1 : 0, ReduceOp::kMax) != 0;
    const std::filesystem::path work = broadcast_text(world, own ? (own->path() / "work").string() : "");
    const auto begin = std::chrono::steady_clock::now();
    const std::string content = finish(work, world);
    longest = std::max(longest, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (expected.empty()) expected = content;
    EXPECT_EQ(content, expected) << "point " << points;
    world.barrier("finished");
  }
  EXPECT_LT(longest, kPatience);
  if (world.is_root()) std::printf("R3: %d ranks: %d partial folders, longest second start %.2f s\n", world.size(), points - 1, longest);
}

}  // namespace
}  // namespace goracs
