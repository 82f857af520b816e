#include <gtest/gtest.h>

#include <algorithm>

#include "commands/gpu_limits.hpp"
#include "commands/stage_costs.hpp"
#include "commands/workload.hpp"

namespace goracs {
namespace {

const StageCosts& costs_of(const std::vector<StageCosts>& all, Stage stage) {
  return *std::find_if(all.begin(), all.end(), [&](const StageCosts& costs) { return costs.stage == stage; });
}

TEST(Parameters, OfLlama7BAndRobertaBaseAreThePublishedNumbers) {
  const Workload games = games_workload("seqrec");
  EXPECT_NEAR(all_parameters(games.llama), 6.738e9, 1e6);                              // 6,738,415,616 with norms
  EXPECT_NEAR(all_parameters(games.encoder), 124.2e6, 1e6);                            // 124.6 million with biases, norms and positions
  EXPECT_EQ(adapter_parameters(games.llama, games.config.lora), 32.0 * 8 * 4 * 4096);  // 4,194,304
}

TEST(StageCosts, OfSelectionFollowFromTheMatrix) {
  const Workload games = games_workload("seqrec");
  const double matrix = 4.0 * static_cast<double>(games.num_train * games.num_valid);
  const StageCosts one = costs_of(stage_costs(games, 1), Stage::kSelect), eight = costs_of(stage_costs(games, 8), Stage::kSelect);
  EXPECT_GT(one.rank_bytes, 1.1 * matrix);
  EXPECT_LT(one.rank_bytes, 1.1 * matrix + 600e6);  // the process and the coreset's rows
  EXPECT_NEAR(one.rank_bytes - eight.rank_bytes, 1.1 * matrix * 7 / 8, 1);
  EXPECT_EQ(one.exact_flop, 3.0 * static_cast<double>(games.num_train * games.num_valid) * 768);
}

TEST(StageCosts, OfFinetuningDoNotDependOnTheRanksButForWhatIsSent) {
  const Workload games = games_workload("seqrec");
  const StageCosts one = costs_of(stage_costs(games, 1), Stage::kFinetune), two = costs_of(stage_costs(games, 2), Stage::kFinetune);
  EXPECT_EQ(one.model_flop, two.model_flop);
  EXPECT_EQ(one.sent_bytes, 0);
  EXPECT_EQ(two.sent_bytes, 4194304.0 * 4 * 400);  // 8 steps an epoch, 50 epochs, half of twice the adapter
}

TEST(StageCosts, OfWeightsInSlicesAreAShareOfTheLayersTwoWholeOnesAndTheTables) {
  Workload games = games_workload("ctrpre");
  const double layers = 2 * layer_parameters(games.llama);  // bytes
  const StageCosts whole = costs_of(stage_costs(games, 8), Stage::kGrads);
  games.config.model.shard = true;
  const StageCosts slices = costs_of(stage_costs(games, 8), Stage::kGrads);
  EXPECT_NEAR(whole.rank_bytes - slices.rank_bytes, layers * (1 - 1.0 / 8 - 2.0 / 32), 1);
  EXPECT_EQ(whole.sent_bytes, 0);
  EXPECT_GT(slices.sent_bytes, layers * 7 / 8) << "at least one pass";
}

TEST(StageCosts, OfTheHostAreWithoutWhatTheGpuHoldsSlicesAndWholeLayersToo) {
  Workload games = games_workload("seqrec");
  for (const bool shard : {false, true}) {
    games.config.model.shard = shard;
    const StageCosts costs = costs_of(stage_costs(games, 8), Stage::kFinetune);
    EXPECT_EQ(costs.host_bytes(false), costs.rank_bytes);
    EXPECT_GT(costs.rank_bytes - costs.host_bytes(true), costs.models.weights);
    EXPECT_GT(costs.host_bytes(true), costs.models.optimizer);
    EXPECT_LT(costs.host_bytes(true), costs.models.optimizer + 1e9);  // the process
  }
}

TEST(StageCosts, OfAGivenAdapterHoldNoSelection) {
  Workload games = games_workload("ctrpre");
  games.config.evaluate.adapter = "none";
  for (const StageCosts& costs : stage_costs(games, 1))
    EXPECT_TRUE(costs.stage != Stage::kSelect && costs.stage != Stage::kFinetune && costs.stage != Stage::kGrads);
}

TEST(GpuPlan, NeverGivesLessThanTheLimitsOfTheCard) {
  StageCosts costs;
  costs.model_flop = 312e12;
  costs.memory_bytes = 2 * 2.039e12;
  EXPECT_DOUBLE_EQ(least_seconds(costs, kGpus[0], 1), 2);  // memory is the limit
  EXPECT_DOUBLE_EQ(least_seconds(costs, kGpus[0], 8), 0.25);
  costs.serial_seconds = 3;
  costs.sent_bytes = 300e9;
  EXPECT_DOUBLE_EQ(least_seconds(costs, kGpus[0], 8), 0.25 + 1 + 3);
}

TEST(GpuPlan, MarksItsFiguresAsNeverMeasured) {
  for (const GpuLimits& gpu : kGpus)
    for (const char* task : {"seqrec", "ctrpre"}) {
      const std::string text = gpu_plan(games_workload(task), gpu);
      EXPECT_NE(text.find("CALCULATED"), std::string::npos);
      EXPECT_NE(text.find("NEVER MEASURED"), std::string::npos);
      EXPECT_NE(text.find("64 GPUs"), std::string::npos);
    }
  GpuLimits small = kGpus[2];
  EXPECT_EQ(gpu_plan(games_workload("seqrec"), small).find("does not fit"), std::string::npos);
  small.memory_bytes = 13e9;  // less than the weights
  EXPECT_NE(gpu_plan(games_workload("seqrec"), small).find("does not fit"), std::string::npos);
}

}  // namespace
}  // namespace goracs
