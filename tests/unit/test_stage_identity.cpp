// Which stages a run needs, and what decides under which name a stage's folder is found again.
#include "stages/stage_identity.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/config_file.hpp"
#include "comm/self_communicator.hpp"
#include "stages/title_embeddings.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

using Stages = std::vector<Stage>;

TEST(StagesOf, AreAllForATunedAdapter) { EXPECT_EQ(stages_of(default_config("ctrpre")), Stages(kStages.begin(), kStages.end())); }

TEST(StagesOf, SelectNothingForAnyOtherAdapter) {
  for (const char* adapter : {"none", "start", "some/folder"}) {
    Config ctrpre = default_config("ctrpre"), seqrec = default_config("seqrec");
    ctrpre.evaluate.adapter = seqrec.evaluate.adapter = adapter;
    EXPECT_EQ(stages_of(ctrpre), (Stages{Stage::kPrepare, Stage::kEvaluate}));
    EXPECT_EQ(stages_of(seqrec), (Stages{Stage::kPrepare, Stage::kEmbed, Stage::kEvaluate})) << "its items are embedded";
  }
}

class StageIdentityTest : public testing::Test {
 protected:
  StageIdentityTest() {
    config_.work_dir = folder_.path() / "work";
    config_.data.reviews = folder_.file("reviews.inter", "a");
    config_.data.metadata = folder_.file("items.item", "b");
  }
  std::string keys() { return identity_of(Stage::kPrepare, config_, {}, world_).keys_json; }

  test::TemporaryFolder folder_;
  SelfCommunicator world_;
  Config config_ = default_config("ctrpre");
};

TEST_F(StageIdentityTest, NamesFilesByWhatIsInThem) {
  const std::string before = keys();
  EXPECT_EQ(before.find("reviews.inter"), std::string::npos) << "no path: " << before;
  std::filesystem::create_directory(folder_ / "copy");
  config_.data.reviews = folder_.file("copy/reviews.inter", "a");
  EXPECT_EQ(keys(), before) << "the same file elsewhere";
  config_.data.reviews = folder_.file("reviews.inter", "another");
  EXPECT_NE(keys(), before);
}

TEST_F(StageIdentityTest, KnowsNothingOfWhatCannotChangeTheResult) {
  const std::string before = keys();
  config_.run.threads = 7;
  config_.run.checkpoint_seconds = 1;
  config_.select.budget = 3;
  EXPECT_EQ(keys(), before);
  config_.data.max_train = 10;
  EXPECT_NE(keys(), before);
}

TEST_F(StageIdentityTest, KnowsNothingOfWeightsInSlices) {
  for (const Stage stage : kStages) {
    Config whole = config_, slices = config_;
    slices.model.shard = true;
    EXPECT_EQ(stage_keys(slices, stage), stage_keys(whole, stage));
  }
}

TEST_F(StageIdentityTest, SaysWhichFileIsNotThere) {
  config_.data.reviews = folder_.path() / "nowhere";
  test::expect_error(ExitCode::kInput, {"nowhere"}, [&] { keys(); });
}

TEST(ItemText, IsATitleWithoutOuterSpacesThenWithoutQuotes) {
  EXPECT_EQ(item_text("  \"Heat (1995)\" \t"), "Heat (1995)");
  EXPECT_EQ(item_text("\" spaces inside the quotes stay \""), " spaces inside the quotes stay ");
  EXPECT_EQ(item_text("\"\""), "");
}

}  // namespace
}  // namespace goracs
