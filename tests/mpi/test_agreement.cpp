// What one rank finds wrong, all ranks throw; over MPI and over ranks that are threads.
#include "comm/agreement.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <new>

#include "support/expect_error.hpp"
#include "support/mpi_world.hpp"

namespace goracs {
namespace {

using test::expect_error;

TEST(Agreement, LetsEveryRankGoOnWhenNoneFailed) {
  agree(test::world(), std::nullopt);
  int calls = 0;
  together(test::world(), [&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(Agreement, ThrowsOnAllRanksWhatOneFound) {
  Communicator& world = test::world();
  for (int culprit = 0; culprit < world.size(); ++culprit) try {
      together(world, [&] {
        if (world.rank() == culprit) fail(ExitCode::kIo, "disk {} is full", culprit);
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const AgreedError& error) {
      EXPECT_EQ(error.code(), ExitCode::kIo);
      EXPECT_EQ(std::string(error.what()), culprit == 0 ? "disk 0 is full" : fmt::format("rank {0}: disk {0} is full", culprit));
    }
}

TEST(Agreement, TakesTheErrorOfTheLowestRank) {
  Communicator& world = test::world();
  const int first = world.size() / 2;
  expect_error(first == 0 ? ExitCode::kInput : ExitCode::kNumeric, {fmt::format("row {}", first)}, [&] {
    together(world, [&] {
      if (world.rank() >= first) fail(world.rank() == first && first > 0 ? ExitCode::kNumeric : ExitCode::kInput, "row {}", world.rank());
    });
  });
}

TEST(Agreement, CarriesEmptyAndLongMessages) {
  Communicator& world = test::world();
  const std::string text(100'000, 'x');
  const int last = world.size() - 1;
  const auto throw_on_last = [&](const std::string& message) {
    together(world, [&] {
      if (world.rank() == last) throw Error(ExitCode::kInput, message);
    });
  };
  expect_error(ExitCode::kInput, {text}, [&] { throw_on_last(text); });
  expect_error(ExitCode::kInput, {}, [&] { throw_on_last(""); });
}

TEST(Agreement, TurnsErrorsOfTheLibraryIntoErrorsOfAll) {
  Communicator& world = test::world();
  const bool last = world.rank() == world.size() - 1;
  expect_error(ExitCode::kInput, {"out of memory"}, [&] {
    together(world, [&] {
      if (last) throw std::bad_alloc();
    });
  });
  expect_error(ExitCode::kIo, {"/dev/null/x"}, [&] {
    together(world, [&] {
      if (last) std::filesystem::create_directory("/dev/null/x");
    });
  });
}

/// Work that exchanges with ranks which are through with theirs, and an exchange of that which fails for all.
TEST(Agreement, MeetsNoMoreWhereAllHaveFailedInAnExchange) {
  Communicator& world = test::world();
  const int last = world.size() - 1;
  const bool is_at_work = world.rank() == last;
  const auto exchange = [&] { agree(world, is_at_work ? std::optional(Error(ExitCode::kIo, "no memory")) : std::nullopt); };
  int meetings = 0;
  expect_error(ExitCode::kIo, {"no memory"}, [&] {
    together(
        world,
        [&] {
          if (is_at_work) exchange();
        },
        [&] {
          ++meetings;
          exchange();
        });
  });
  EXPECT_EQ(meetings, is_at_work ? 0 : 1);
  world.barrier("the end");
}

TEST(Agreement, NamesWhatWentWrongBeforeTheMeetingThatFailedToo) {
  const std::function<void()> meet = [] { fail(ExitCode::kPeer, "after an exchange that failed"); };
  expect_error(ExitCode::kIo, {"the GPU"}, [&] { together(test::world(), [] { fail(ExitCode::kIo, "the GPU is gone"); }, meet); });
  expect_error(ExitCode::kPeer, {"after an exchange"}, [&] { together(test::world(), [] {}, meet); });
}

TEST(Agreement, WorksOnTheRootAlone) {
  Communicator& world = test::world();
  int calls = 0;
  on_root(world, [&] { ++calls; });
  EXPECT_EQ(calls, world.is_root() ? 1 : 0);
  expect_error(ExitCode::kInput, {"samples.h5 is cut short"},
               [&] { on_root(world, [] { fail(ExitCode::kInput, "samples.h5 is cut short"); }); });
}

TEST(Agreement, BroadcastsATextOfTheRoot) {
  Communicator& world = test::world();
  for (const std::string& text : {std::string(), std::string("a\0b", 3), std::string(5000, 'z')})
    EXPECT_EQ(broadcast_text(world, world.is_root() ? text : "mine"), text);
}

}  // namespace
}  // namespace goracs
