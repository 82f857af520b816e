#include "artifact/stage_folder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "artifact/commit.hpp"
#include "comm/self_communicator.hpp"
#include "demo_stage.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"
#include "support/thread_ranks.hpp"

namespace goracs {
namespace {

using test::demo_identity;
using test::demo_provenance;
using test::expect_error;
using test::fill_demo;

TEST(StageFolder, IsFoundAgainOnceSealed) {
  const test::TemporaryFolder work;
  SelfCommunicator world;
  EXPECT_FALSE(StageFolder::find(work.path(), demo_identity(), world));
  std::string content;
  {
    StageFolder folder = StageFolder::open(work.path(), demo_identity(), world);
    EXPECT_FALSE(folder.sealed());
    expect_error(ExitCode::kInput, {"not complete"}, [&] { static_cast<void>(folder.file("gradient_norms.h5")); });
    fill_demo(folder);
    folder.seal(demo_provenance(), 12.5, world);
    EXPECT_TRUE(folder.sealed());
    content = folder.content_sha256();
  }
  const StageFolder again = StageFolder::open(work.path(), demo_identity(), world);
  EXPECT_TRUE(again.sealed());
  EXPECT_EQ(again.content_sha256(), content);
  EXPECT_EQ(again.seconds(), 12.5);
  const H5File h5 = H5File::open(again.file("gradient_norms.h5"));
  EXPECT_EQ(h5.read<double>("/gradient_norm"), (std::vector<double>{0.5, 1.5, 2.5}));
  EXPECT_EQ(h5.text_attribute("stage"), "grads");
  EXPECT_EQ(h5.text_attribute("content_sha256"), again.manifest()->files.at("gradient_norms.h5").content_sha256);
  EXPECT_EQ(h5.text_attribute("units", "/loss"), "nat per token");
  EXPECT_TRUE(std::filesystem::exists(again.file("notes") / "a.txt"));
  expect_error(ExitCode::kInput, {"other.h5"}, [&] { static_cast<void>(again.file("other.h5")); });
}

TEST(StageFolder, OfOtherKeysOrInputsIsAnotherFolder) {
  StageIdentity other_keys = demo_identity(), other_inputs = demo_identity();
  other_keys.keys_json = R"({"grads.seed":1})";
  other_inputs.inputs["prepare"] = "ab13";
  EXPECT_NE(folder_name(demo_identity()), folder_name(other_keys));
  EXPECT_NE(folder_name(demo_identity()), folder_name(other_inputs));
  EXPECT_EQ(folder_name(demo_identity()), folder_name(demo_identity()));
}

TEST(StageFolder, IsRefusedWithADatasetOfAnotherLength) {
  const test::TemporaryFolder work;
  SelfCommunicator world;
  StageFolder folder = StageFolder::open(work.path(), demo_identity(), world);
  fill_demo(folder);
  H5File h5 = folder.create_h5("gradient_norms.h5", demo_provenance());
  h5.write("/gradient_norm", std::span<const double>(std::vector<double>{1, 2, 3}));
  h5.write("/loss", std::span<const double>(std::vector<double>{1, 2}));
  h5.close();
  expect_error(ExitCode::kInput, {"gradient_norms.h5", "/loss", "(2)", "3"}, [&] { folder.seal(demo_provenance(), 0, world); });
}

TEST(StageFolder, KeepsSavedStatesUntilItIsSealed) {
  const test::TemporaryFolder work;
  SelfCommunicator world;
  const auto write = [](const std::string& text) { return [text](const std::filesystem::path& path) { std::ofstream(path) << text; }; };
  const auto text_of = [](const std::filesystem::path& path) {
    std::string text;
    std::ifstream(path) >> text;
    return text;
  };
  {
    const StageFolder folder = StageFolder::open(work.path(), demo_identity(), world);
    EXPECT_FALSE(folder.saved_state("loop"));
    for (const auto* text : {"one", "two", "three"}) folder.save_state("loop", write(text));
  }
  StageFolder folder = StageFolder::open(work.path(), demo_identity(), world);
  const auto newest = folder.saved_state("loop");
  ASSERT_TRUE(newest);
  EXPECT_EQ(text_of(*newest), "three");
  std::ofstream(*newest) << "thrxe";
  EXPECT_EQ(text_of(folder.saved_state("loop").value()), "two");  // the damaged one is left out of account
  fill_demo(folder);
  folder.seal(demo_provenance(), 0, world);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "checkpoints"));
}

TEST(StageFolder, KeepsAsManySavedStatesAsItIsAskedTo) {
  const test::TemporaryFolder work;
  SelfCommunicator world;
  const StageFolder folder = StageFolder::open(work.path(), demo_identity(), world);
  for (const std::int64_t keep : {2, 3, 5}) {
    const std::string name = fmt::format("loop {}", keep);
    for (int number = 1; number <= 7; ++number)
      folder.save_state(name, [&](const std::filesystem::path& path) { std::ofstream(path) << number; }, keep);
    // each found one is damaged, until none is left
    for (std::int64_t number = 7; number > 7 - keep; --number) {
      const auto state = folder.saved_state(name);
      ASSERT_TRUE(state) << number << " of " << keep;
      std::int64_t found = 0;
      std::ifstream(*state) >> found;
      EXPECT_EQ(found, number);
      std::ofstream(*state) << "damaged";
    }
    EXPECT_FALSE(folder.saved_state(name)) << keep;
  }
}

TEST(StageFolder, IsTheSameForOneToFiveRanks) {
  std::string content;
  for (int ranks = 1; ranks <= 5; ++ranks) {
    const test::TemporaryFolder work;
    test::on_ranks(ranks, [&](Communicator& world) {
      StageFolder folder = StageFolder::open(work.path(), demo_identity(), world);
      if (world.is_root()) fill_demo(folder);
      folder.seal(demo_provenance(), 1, world);
      static_cast<void>(folder.file("notes/a.txt"));
      if (world.is_root() && content.empty()) content = folder.content_sha256();
      world.barrier("compared");
      EXPECT_EQ(folder.content_sha256(), content);
    });
  }
}

/// A job that finds a stage sealed clears its saved states away while the one that sealed it is still at that.
TEST(RemoveTree, GoesOnWhereOthersRemoveTheSame) {
  constexpr int kRounds = 50, kFolders = 20, kFiles = 4;
  const test::TemporaryFolder work;
  const std::filesystem::path tree = work.path() / "tree";
  for (int round = 0; round < kRounds; ++round) {
    for (int f = 0; f < kFolders; ++f) {
      make_folder(tree / std::to_string(f));
      for (int k = 0; k < kFiles; ++k) std::ofstream(tree / std::to_string(f) / std::to_string(k)) << k;
    }
    test::on_ranks(3, [&](Communicator& world) {
      world.barrier("the start");
      EXPECT_NO_THROW(remove_tree(tree));
    });
    EXPECT_FALSE(std::filesystem::exists(tree));
  }
}

}  // namespace
}  // namespace goracs
