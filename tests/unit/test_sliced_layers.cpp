// Layers whose weights are in slices over the ranks: gathered they are the same bytes, and everything computed from them the same bits.
#include "model/sliced_layers.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>

#include "comm/agreement.hpp"
#include "eval/predictions.hpp"
#include "model/batch_rounds.hpp"
#include "model/frozen_linear.hpp"
#include "model/llama.hpp"
#include "support/expect_error.hpp"
#include "support/invented_llama.hpp"
#include "support/invented_stack.hpp"
#include "support/mpi_world.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_llama.hpp"
#include "train/finetune_loop.hpp"
#include "train/pool_gradient_norms.hpp"

namespace goracs {
namespace {

using test::invented_stack;
using test::Stack;
using test::world;

constexpr std::int64_t kLayers = 5;

std::unique_ptr<SlicedLayers> sliced(const Stack& stack) {
  auto layers = std::make_unique<SlicedLayers>(world());
  for (const auto& tensors : stack) layers->append(tensors);
  return layers;
}

std::uintptr_t place_of(const at::Tensor& tensor) { return reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % 64; }

void expect_equal(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    EXPECT_TRUE(found[k].equal(expected[k]));
    EXPECT_EQ(place_of(found[k]), place_of(expected[k]));
  }
}

void expect_in_step() { EXPECT_EQ(world().all_reduce<std::int64_t>(1, ReduceOp::kSum), world().size()); }

TEST(SlicedLayers, AreWholeWhenAskedForUpwardAndDownward) {
  for (const std::int64_t layers : {1, 2, 3, 5}) {
    const Stack stack = invented_stack(layers);
    const auto slices = sliced(stack);
    for (int pass = 0; pass < 3; ++pass) {
      for (std::int64_t i = 0; i < layers; ++i) expect_equal(slices->at(i), stack[static_cast<std::size_t>(i)]);
      if (pass == 1) continue;  // two passes upward, one behind the other
      for (std::int64_t i = layers; i-- > 0;) expect_equal(slices->at(i), stack[static_cast<std::size_t>(i)]);
    }
    slices->meet();
    expect_in_step();
  }
}

TEST(SlicedLayers, RanksMakeDifferentPassesAndMeet) {
  const Stack stack = invented_stack(kLayers);
  const auto slices = sliced(stack);
  for (int round = 0; round < 2; ++round) {
    for (int pass = 0; pass < world().rank() + round; ++pass) {  // none, one, two ...
      const std::int64_t until = pass == 1 ? 2 : kLayers;        // one that is given up on the way
      for (std::int64_t i = 0; i < until; ++i) expect_equal(slices->at(i), stack[static_cast<std::size_t>(i)]);
      if (world().rank() % 2 == 1)
        for (std::int64_t i = until; i-- > 0;) expect_equal(slices->at(i), stack[static_cast<std::size_t>(i)]);
    }
    slices->meet();
    expect_in_step();
  }
}

TEST(SlicedLayers, HoldASliceOfEachLayerAndTwoWholeOnes) {
  const Stack stack = invented_stack(kLayers);
  constexpr std::int64_t kLayerBytes = 4 * (1 + 31 * 7 + 1000), kTensors = 3;
  // each tensor begins on a line of 64 bytes of its own, wherever in it, and each slice is padded to lines
  const std::int64_t most_padding = 128 * kTensors + 64 * world().size();
  const std::int64_t held = sliced(stack)->held_bytes();
  EXPECT_GE(held, kLayers * kLayerBytes / world().size() + 2 * kLayerBytes);
  EXPECT_LE(held, kLayers * ((kLayerBytes + most_padding) / world().size() + 1) + 2 * (kLayerBytes + most_padding));
}

TEST(SlicedLayers, AreNeverWholeMoreThanTwoAtATime) {
  const Stack stack = invented_stack(kLayers);
  const auto slices = sliced(stack);
  const std::int64_t held = slices->held_bytes();
  std::map<const void*, std::int64_t> blocks;  // all memory that whole layers were ever in
  const auto look_at = [&](std::int64_t i) {
    for (const at::Tensor& tensor : slices->at(i)) blocks[tensor.storage().data()] = static_cast<std::int64_t>(tensor.storage().nbytes());
  };
  for (std::int64_t i = 0; i < kLayers; ++i) look_at(i);
  for (std::int64_t i = kLayers; i-- > 0;) look_at(i);
  slices->meet();
  EXPECT_EQ(blocks.size(), 2U);
  const std::int64_t of_a_block = blocks.begin()->second;
  EXPECT_EQ(slices->held_bytes(), held);
  EXPECT_EQ(held, 2 * of_a_block + kLayers * of_a_block / world().size());
}

TEST(SlicedLayers, AGraphThatOutlivesItsWeightsIsAnErrorNotAWrongGradient) {
  const auto slices = sliced(invented_stack(kLayers));
  const at::Tensor x = at::ones({2, 7}).requires_grad_(true);
  const at::Tensor y = frozen_linear(x, slices->at(0)[1]).sum();
  slices->at(1);
  slices->at(2);
  EXPECT_THROW(y.backward(), c10::Error);
  slices->meet();
}

/// A LLaMA of five layers, whole and in slices over the ranks.
struct Models {
  Models() {
    at::set_num_threads(1);
    test::write_invented_llama(folder.path(), kLayers);
    whole.emplace(Llama::load(folder.path(), at::kFloat));
    slices.emplace(Llama::load(folder.path(), at::kFloat, world().size(), &world()));
    adapter = test::invented_adapter(whole->config());
  }
  test::TemporaryFolder folder;
  std::optional<Llama> whole, slices;
  Adapter adapter;
};

std::vector<std::vector<std::int32_t>> invented_prompts(std::int64_t count) {
  std::vector<std::vector<std::int32_t>> prompts;
  for (std::int64_t i = 0; i < count; ++i) {
    prompts.push_back(test::invented_tokens(4, "front", 0));
    for (const auto id : test::invented_tokens(1 + i * 5 % 13, "prompts", i)) prompts.back().push_back(id);
  }
  return prompts;
}

TEST(LlamaInSlices, HoldsAShareOfItsLayersTwoWholeOnesAndTheTables) {
  const Models models;
  const LlamaConfig& c = models.whole->config();
  const std::int64_t tables = 4 * (2 * c.vocab_size * c.hidden_size + c.hidden_size);
  const std::int64_t layers = models.whole->held_bytes() - tables;
  const std::int64_t most_padding = 128 * 9 + 64 * world().size();
  const std::int64_t expected = tables + layers / world().size() + 2 * layers / kLayers;
  EXPECT_GE(models.slices->held_bytes(), expected);
  EXPECT_LE(models.slices->held_bytes(), expected + kLayers * (most_padding / world().size() + 64) + 2 * most_padding);
}

TEST(LlamaInSlices, GivesTheSameBitsInEveryPassOverASet) {
  const Models models;
  const auto prompts = invented_prompts(8);  // batches that no number of ranks divides, and prompts that end generation at different steps
  const std::vector<std::span<const std::int32_t>> spans(prompts.begin(), prompts.end());
  const auto samples = test::invented_samples(13, "pool", 0);
  struct Results {
    GradientNormTable norms{13};
    std::vector<double> probability = std::vector<double>(8 * 3, std::nan(""));
    std::vector<Generated> generated = std::vector<Generated>(8);
    std::vector<float> embedding = std::vector<float>(8 * 30, std::nanf(""));
  };
  const auto results = [&](const Llama& model) {
    Results all;
    fill_gradient_norms(model, models.adapter, samples, {}, 30, all.norms, world(), {});
    fill_class_probabilities(model, &models.adapter, spans, {5, 6, 7}, 40, {all.probability.data(), 8, 3}, world(), {});
    fill_generated(model, &models.adapter, spans, {2, 6, 1.0, {9, 10}, false}, 60, all.generated, world(), {});
    fill_title_embeddings(model, spans, 25, {all.embedding.data(), 8, 30}, world(), {});
    return all;
  };
  const Results whole = results(*models.whole), slices = results(*models.slices);
  EXPECT_EQ(slices.norms.norm, whole.norms.norm);
  EXPECT_EQ(slices.norms.loss, whole.norms.loss);
  EXPECT_EQ(slices.probability, whole.probability);
  EXPECT_EQ(slices.embedding, whole.embedding);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(slices.generated[i].tokens, whole.generated[i].tokens);
    EXPECT_EQ(slices.generated[i].score, whole.generated[i].score);
  }
  EXPECT_GT(whole.norms.norm[0], 0);
  expect_in_step();
}

TEST(LlamaInSlices, TrainsToTheSameBits) {
  const Models models;
  const auto trained = [&](const Llama& model, std::int64_t classes) {
    const auto train = test::invented_samples(7, "train", classes), valid = test::invented_samples(5, "valid", classes);
    FinetuneSettings settings;
    settings.overlap_sums = false;
    settings.learning_rate = 1e-2;
    settings.micro_batch.dropout = 0.25;
    settings.eval_steps = 2;
    settings.valid_batch_tokens = 20;
    if (classes > 0) settings.micro_batch.loss = {LossKind::kClasses, {20, 30}, false, 0};
    std::vector<std::int64_t> lengths;
    for (const auto& sample : train) lengths.push_back(static_cast<std::int64_t>(sample.ids.size()));
    FinetuneLoop loop(model, models.adapter, train, valid, EpochOrder(lengths, {6, 2, false}, 4).plan(2), settings, world());
    while (loop.end() == FinetuneEnd::kGoesOn) loop.advance();
    return loop.state();
  };
  for (const std::int64_t classes : {0, 2}) {
    const FinetuneState whole = trained(*models.whole, classes), slices = trained(*models.slices, classes);
    EXPECT_EQ(slices.parameters, whole.parameters);
    EXPECT_EQ(slices.history.train_loss, whole.history.train_loss);
    EXPECT_EQ(slices.history.grad_norm, whole.history.grad_norm);
    EXPECT_EQ(slices.history.valid_loss, whole.history.valid_loss);
    EXPECT_NE(whole.parameters, flattened(models.adapter.tensors())) << "something was learnt";
  }
  expect_in_step();
}

/// Fails in the middle of a pass.
class FailingAttention final : public Attention {
 public:
  at::Tensor operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) override {
    if (layer == 2) fail(ExitCode::kNumeric, "layer 2 of one rank is broken");
    return causal_(layer, query, key, value);
  }

 private:
  CausalAttention causal_;
};

TEST(LlamaInSlices, ARankThatFailsWithinAPassFailsForAllWithOneMessage) {
  const Models models;
  const Llama& model = *models.slices;
  const auto batches = std::vector<std::vector<std::int64_t>>(static_cast<std::size_t>(world().size()), {0});
  BatchWork work;
  work.result = "the first component of sequence";
  work.compute = [&](const std::vector<std::int64_t>&) {
    const at::NoGradGuard no_graph;
    CausalAttention causal;
    FailingAttention failing;
    const bool is_last = world().rank() == world().size() - 1;
    const auto tokens = test::invented_tokens(6, "broken", 0);
    const at::Tensor ids = at::tensor(std::vector<std::int64_t>(tokens.begin(), tokens.end()), at::kLong).unsqueeze(0);
    Matrix<double> row(1, 1);
    for (int pass = 0; pass < 2; ++pass) {
      Attention& attention = is_last ? static_cast<Attention&>(failing) : causal;
      row(0, 0) = model.layers(model.embed(ids), {model.rotary_from_zero(6), &attention, nullptr, {}})[0][0][0].item<double>();
    }
    return row;
  };
  work.meet = [&] { model.meet_others(); };
  work.store = [](std::int64_t, std::span<const double>) { ADD_FAILURE() << "nothing was computed"; };
  test::expect_error(ExitCode::kNumeric, {"layer 2 of one rank is broken"}, [&] {
    try {
      in_rounds(batches, work, world());
    } catch (const AgreedError& error) {  // so the program says it once
      throw Error(error);
    }
  });
  expect_in_step();
}

}  // namespace
}  // namespace goracs
