#include <gtest/gtest.h>

#include "commands/workload.hpp"
#include "model/parameter_counts.hpp"
#include "stages/memory_plan.hpp"
#include "support/expect_error.hpp"

namespace goracs {
namespace {

ModelShapes shapes_of(const Workload& work) { return {work.llama, work.encoder, work.weight_bytes()}; }

MemoryPlan plan_of(Stage stage, const Workload& work, double tokens, double longest, int ranks = 1) {
  return memory_plan(stage, work.config, shapes_of(work), {tokens, longest}, ranks);
}

TEST(MemoryPlan, HoldsWeightsAdapterAndTheOptimizersStateOfLlama7B) {
  const Workload games = games_workload("seqrec");
  const double adapter = 4194304.0 * 4;
  const MemoryPlan plan = plan_of(Stage::kFinetune, games, 16 * 230, 230, 4);
  EXPECT_EQ(plan.weights, 2 * all_parameters(games.llama));
  EXPECT_EQ(plan.adapter, 2 * adapter);          // with its gradients
  EXPECT_EQ(plan.optimizer, (5 + 2) * adapter);  // 8 micro-batches on 4 ranks
  EXPECT_EQ(plan.total(), plan.on_device() + plan.optimizer);
}

TEST(MemoryPlan, KeysAndValuesOfBeamsAreThoseOfEveryColumn) {
  Workload games = games_workload("seqrec");
  games.config.evaluate.num_beams = 2;
  games.config.evaluate.max_new_tokens = 100;
  const double token = 2.0 * 32 * 4096 * 2;  // keys and values of 32 layers in bfloat16
  const MemoryPlan one = plan_of(Stage::kEvaluate, games, 1, 300), nine = plan_of(Stage::kEvaluate, games, 9 * 500, 300);
  EXPECT_NEAR(one.caches, token * (300 + 500 + 300), 0.01 * one.caches);
  EXPECT_NEAR(nine.caches, token * (300 + 9 * (500 + 300)), 0.01 * nine.caches);
}

TEST(MemoryPlan, GrowsWithTheBatchAndShrinksWithSlicesAndCheckpoints) {
  Workload games = games_workload("seqrec");
  for (const Stage stage : {Stage::kEmbed, Stage::kGrads, Stage::kEvaluate, Stage::kFinetune})
    EXPECT_GT(plan_of(stage, games, 8192, 230).activations, plan_of(stage, games, 4096, 230).activations);
  games.config.finetune.checkpoint_layers = "never";
  const double all_kept = plan_of(Stage::kFinetune, games, 4096, 230).activations;
  games.config.finetune.checkpoint_layers = "always";
  EXPECT_LT(plan_of(Stage::kFinetune, games, 4096, 230).activations, all_kept / 5);
  const double whole = plan_of(Stage::kGrads, games, 4096, 230, 8).weights;
  games.config.model.shard = true;
  EXPECT_LT(plan_of(Stage::kGrads, games, 4096, 230, 8).weights, whole / 3);
}

TEST(MemoryPlan, OfSlicesIsAShareOfTheLayersAndTwoWholeOnesOnTheGpuToo) {
  Workload games = games_workload("seqrec");
  games.config.model.shard = true;
  const double layers = 2 * layer_parameters(games.llama), tables = 2 * all_parameters(games.llama) - layers;  // bytes
  for (const int ranks : {1, 3, 8}) {
    const MemoryPlan plan = plan_of(Stage::kFinetune, games, 4096, 230, ranks);
    EXPECT_DOUBLE_EQ(plan.weights, tables + layers / ranks + 2 * layers / 32);
    EXPECT_DOUBLE_EQ(plan.on_device(), plan.weights + plan.adapter + plan.activations + plan.caches);
    check_fits(plan, {plan.on_device(), true, 1});
    test::expect_error(ExitCode::kUsage, {"on the GPU"}, [&] { check_fits(plan, {plan.on_device() * 0.999, true, 1}); });
  }
}

TEST(CheckFits, RefusesBeforeAnythingIsLoadedNamingStageBytesAndKeys) {
  const Workload games = games_workload("seqrec");
  const MemoryPlan plan = plan_of(Stage::kGrads, games, 4096, 230);
  check_fits(plan, {plan.on_device(), true, 1});  // just fits
  test::expect_error(ExitCode::kUsage,
                     {"grads needs", "on the GPU", "weights 13.48", "but 8.00 GB are free", "grads.batch_tokens", "model.shard"},
                     [&] { check_fits(plan, {8e9, true, 1}); });
  test::expect_error(ExitCode::kUsage, {"finetune needs", "on this host", "finetune.micro_batch_size"},
                     [&] { check_fits(plan_of(Stage::kFinetune, games, 4096, 230), {8e9, false, 1}); });
}

TEST(CheckFits, CountsARanksOwnOnceARankAndMappedWeightsOnceAHost) {
  MemoryPlan plan;
  plan.stage = Stage::kFinetune;
  plan.shared = 1000;
  plan.adapter = 10;
  plan.optimizer = 5;
  check_fits(plan, {1045, false, 3});
  test::expect_error(ExitCode::kUsage, {"ranks that share it: 3"}, [&] { check_fits(plan, {1044, false, 3}); });
  check_fits(plan, {1010, true, 1});  // AdamW's state is the host's
}

TEST(FittingTokens, AreAPowerOfTwoThatLeavesATenthFree) {
  const Workload games = games_workload("seqrec");
  const auto planned = [&](double tokens) { return plan_of(Stage::kGrads, games, tokens, 230); };
  std::int64_t before = 0;
  for (const double bytes : {1e9, 16e9, 24e9, 40e9, 80e9, 1e15}) {
    const std::int64_t tokens = fitting_tokens(planned, {bytes, true, 1});
    EXPECT_GE(tokens, before);
    before = tokens;
    EXPECT_TRUE(tokens == 1024 || planned(static_cast<double>(tokens)).on_device() <= 0.9 * bytes);
    EXPECT_TRUE(tokens == 65536 || planned(2.0 * static_cast<double>(tokens)).on_device() > 0.9 * bytes);
  }
  EXPECT_EQ(before, 65536);
  EXPECT_EQ(fitting_tokens(planned, {1e9, true, 1}), 1024) << "the stage's own check says that it does not fit";
}

}  // namespace
}  // namespace goracs
