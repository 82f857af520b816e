#include "artifact/lease.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>
#include <vector>

#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

bool never(const std::string&) { return false; }
bool at_once(const std::string&) { return true; }

/// A process of its own; its exit code is what `work` returns.
pid_t start(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  return child;
}

int end_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void wait_until(const std::function<bool()>& ready) {
  while (!ready()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

/// A child that takes the lease, says so by a file, and keeps it until it is killed.
pid_t start_holder(const std::filesystem::path& thing, const std::filesystem::path& sign) {
  const pid_t child = start([&] {
    const auto lease = Lease::take(thing, never);
    static_cast<void>(::mkdir(sign.c_str(), 0777));
    while (lease->held()) ::usleep(20000);
    return 7;  // it was taken over
  });
  wait_until([&] { return std::filesystem::exists(sign); });
  return child;
}

TEST(Lease, IsOneProcesssAtATime) {
  const test::TemporaryFolder folder;
  const auto thing = folder / "work";
  auto first = Lease::take(thing, never);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->held());
  std::string holder;
  EXPECT_FALSE(Lease::take(thing, [&](const std::string& who) {
    holder = who;
    return true;
  }));
  EXPECT_NE(holder.find(std::to_string(::getpid())), std::string::npos) << holder;
  EXPECT_TRUE(Lease::take(folder / "other", at_once));
  first.reset();
  EXPECT_TRUE(Lease::take(thing, at_once));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Lease, OfAKilledProcessIsTakenOverAtOnce) {
  const test::TemporaryFolder folder;
  const pid_t holder = start_holder(folder / "work", folder / "taken");
  EXPECT_FALSE(Lease::take(folder / "work", at_once));
  ::kill(holder, SIGKILL);
  EXPECT_EQ(end_of(holder), -SIGKILL);
  const auto begin = Clock::now();
  EXPECT_TRUE(Lease::take(folder / "work", never));
  EXPECT_LT(seconds_since(begin), 10);
}

TEST(Lease, OfASilentProcessIsTakenOverAndItFindsOut) {
  constexpr double kSilence = 3;  // a little more than a holder's touches are apart
  const test::TemporaryFolder folder;
  const pid_t holder = start_holder(folder / "work", folder / "taken");
  ::kill(holder, SIGSTOP);
  const auto begin = Clock::now();
  const auto own = Lease::take(folder / "work", never, kSilence);
  EXPECT_GE(seconds_since(begin), kSilence);
  ASSERT_TRUE(own);
  ::kill(holder, SIGCONT);
  EXPECT_EQ(end_of(holder), 7);
  EXPECT_TRUE(own->held());  // the old one took nothing away with it
}

TEST(Lease, OfALivingProcessIsNotTakenOver) {
  const test::TemporaryFolder folder;
  const pid_t holder = start_holder(folder / "work", folder / "taken");
  const auto begin = Clock::now();
  EXPECT_FALSE(Lease::take(folder / "work", [&](const std::string&) { return seconds_since(begin) > 8; }, 6));  // three touches
  ::kill(holder, SIGKILL);
  end_of(holder);
}

TEST(Lease, IsNeverHeldTwiceHoweverManyWantItAndDie) {
  constexpr int kProcesses = 6, kRounds = 12, kTwice = 5;
  const test::TemporaryFolder folder;
  const auto thing = folder / "work", inside = folder / "inside";
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process)
    children.push_back(start([&] {
      for (int round = 0; round < kRounds; ++round) {
        const auto lease = Lease::take(thing, never);
        if (::mkdir(inside.c_str(), 0777) != 0) return kTwice;
        ::usleep(2000);
        if (::rmdir(inside.c_str()) != 0) return kTwice;
        if (process % 2 == 0 && round == kRounds / 2) ::kill(::getpid(), SIGKILL);
      }
      return 0;
    }));
  for (int process = 0; process < kProcesses; ++process)
    EXPECT_EQ(end_of(children[static_cast<std::size_t>(process)]), process % 2 == 0 ? -SIGKILL : 0) << process;
  EXPECT_TRUE(Lease::take(thing, never));
}

}  // namespace
}  // namespace goracs
