// Models on a device whose memory the host cannot reach (placement/unreachable_device.hpp): whatever a pass makes must follow its weights. Results equal the CPU's
// but for the order of sums: the CPU's products are oneDNN's, the device's at::linear.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "comm/self_communicator.hpp"
#include "eval/best_candidates.hpp"
#include "eval/predictions.hpp"
#include "model/device.hpp"
#include "model/device_kernels.hpp"
#include "model/encoder.hpp"
#include "model/token_batch.hpp"
#include "placement/unreachable_device.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_llama.hpp"
#include "train/finetune_loop.hpp"
#include "train/pool_gradient_norms.hpp"

namespace goracs {
namespace {

constexpr double kTolerance = 2e-5;  ///< of float32 sums in another order, through the few layers of a tiny model

const Llama& far_llama() {
  settle_on_device();
  static const Llama kModel =
      Llama::load(test::golden_source() / "models" / "llama_gqa", at::TensorOptions(at::kFloat).device(test::unreachable_device()));
  return kModel;
}
const Adapter& far_adapter() {
  static const Adapter kAdapter = test::tiny_adapter().on(test::unreachable_device());
  return kAdapter;
}

void expect_close(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  double largest = 0;
  for (const double x : expected) largest = std::max(largest, std::abs(x));
  for (std::size_t k = 0; k < found.size(); ++k) EXPECT_NEAR(found[k], expected[k], kTolerance * largest) << k;
}

std::vector<std::vector<std::int32_t>> prompts() {
  std::vector<std::vector<std::int32_t>> all;
  for (std::int64_t i = 0; i < 7; ++i) {
    all.push_back(test::invented_tokens(4, "front", 0));
    for (const auto id : test::invented_tokens(1 + i * 5 % 13, "prompts", i)) all.back().push_back(id);
  }
  return all;
}

TEST(UnreachableDevice, RefusesTensorsOfBothSides) {
  const at::Tensor here = at::ones({2, 3}), there = here.to(test::unreachable_device());
  EXPECT_ANY_THROW(here + there);
  EXPECT_ANY_THROW(at::linear(there, here));
  EXPECT_ANY_THROW(at::cat({here, there}));
  EXPECT_EQ((there + there).sum().item<double>(), 12);
}

TEST(UnreachableDevice, MemoryCannotBeReadByTheHost) {
  const at::Tensor there = at::ones({2}).to(test::unreachable_device());
  EXPECT_DEATH(std::_Exit(*there.const_data_ptr<float>() == 1 ? 0 : 1), "");
}

TEST(DevicePlacement, GradientNormsOfBothTasks) {
  for (const LossKind kind : {LossKind::kTokens, LossKind::kClasses})
    for (const bool label_first : {false, true})
      for (const double dropout : {0.0, 0.3}) {
        const std::int64_t classes = kind == LossKind::kClasses ? 2 : 0;
        auto samples = test::invented_samples(9, "samples", classes);
        for (TrainingSample& sample : samples) {
          const auto front = test::invented_tokens(5, "front", 0);
          sample.ids.insert(sample.ids.begin(), front.begin(), front.end());
          sample.answer_position += 5;
        }
        GradientNormSettings settings;
        settings.loss.kind = kind;
        settings.loss.label_first = label_first;
        if (classes > 0) settings.loss.class_tokens = {12, 90};
        settings.dropout = dropout;
        SelfCommunicator world;
        const auto table_of = [&](const Llama& model, const Adapter& adapter) {
          GradientNormTable table(samples.size());
          EXPECT_TRUE(fill_gradient_norms(model, adapter, samples, settings, 60, table, world, {}));
          return table;
        };
        const GradientNormTable far = table_of(far_llama(), far_adapter()), near = table_of(test::tiny_llama(), test::tiny_adapter());
        expect_close(far.norm, near.norm);
        expect_close(far.loss, near.loss);
      }
}

TEST(DevicePlacement, FinetuningWithAndWithoutCheckpointsOfLayers) {
  for (const bool checkpointed : {false, true}) {
    const auto history_of = [&](const Llama& model, const Adapter& start) {
      FinetuneSettings settings;
      settings.learning_rate = 1e-3;
      settings.eval_steps = 2;
      settings.valid_batch_tokens = 40;
      settings.micro_batch.dropout = 0.25;
      settings.micro_batch.checkpoint_layers = checkpointed;
      const auto train = test::invented_samples(11, "train", 0), valid = test::invented_samples(5, "valid", 0);
      std::vector<std::int64_t> lengths;
      for (const auto& sample : train) lengths.push_back(static_cast<std::int64_t>(sample.ids.size()));
      SelfCommunicator world;
      FinetuneLoop loop(model, start, train, valid, EpochOrder(lengths, BatchSizes{6, 3, true}, 4).plan(2), settings, world);
      while (loop.end() == FinetuneEnd::kGoesOn) loop.advance();
      EXPECT_EQ(loop.best().tensors().front().device(), model.device());
      return loop.state().history;
    };
    const FinetuneHistory far = history_of(far_llama(), far_adapter()), near = history_of(test::tiny_llama(), test::tiny_adapter());
    expect_close(far.train_loss, near.train_loss);
    expect_close(far.grad_norm, near.grad_norm);
    expect_close(far.valid_loss, near.valid_loss);
  }
}

TEST(DevicePlacement, BeamSearchGivesTheSameTextsAndOnlyCandidatesLeaveTheDevice) {
  const auto texts = prompts();
  const std::vector<std::span<const std::int32_t>> sequences(texts.begin(), texts.end());
  for (const std::int64_t beams : {1, 3}) {
    BeamSettings settings;
    settings.num_beams = beams;
    settings.max_new_tokens = 9;
    settings.eos = {7, 30, 101};
    SelfCommunicator world;
    const auto generated_by = [&](const Llama& model, const Adapter& adapter) {
      std::vector<Generated> table(sequences.size());
      EXPECT_TRUE(fill_generated(model, &adapter, sequences, settings, 200, table, world, {}));
      return table;
    };
    const std::int64_t before = test::bytes_to_host();
    const auto far = generated_by(far_llama(), far_adapter());
    const std::int64_t candidates = std::max<std::int64_t>(1, beams == 1 ? 1 : 4 * beams);
    EXPECT_LE(test::bytes_to_host() - before, static_cast<std::int64_t>(sequences.size()) * settings.max_new_tokens * candidates * 8);
    const auto near = generated_by(test::tiny_llama(), test::tiny_adapter());
    for (std::size_t i = 0; i < far.size(); ++i) {
      EXPECT_EQ(far[i].tokens, near[i].tokens) << i;
      EXPECT_NEAR(far[i].score, near[i].score, kTolerance * std::abs(near[i].score)) << i;
    }
  }
}

TEST(DevicePlacement, ClassProbabilitiesAndTitleEmbeddings) {
  const auto texts = prompts();
  const std::vector<std::span<const std::int32_t>> sequences(texts.begin(), texts.end());
  SelfCommunicator world;
  const auto rows = static_cast<std::int64_t>(sequences.size());
  const auto numbers_of = [&](const Llama& model, const Adapter& adapter) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    Matrix<double> p(rows, 3);
    std::fill_n(p.data(), rows * 3, none);
    Matrix<float> h(rows, model.config().hidden_size);
    std::fill_n(h.data(), rows * h.cols(), static_cast<float>(none));
    EXPECT_TRUE(fill_class_probabilities(model, &adapter, sequences, {12, 90, 7}, 40, p, world, {}));
    EXPECT_TRUE(fill_title_embeddings(model, sequences, 40, h, world, {}));
    std::vector<double> all(p.data(), p.data() + rows * 3);
    all.insert(all.end(), h.data(), h.data() + rows * h.cols());
    return all;
  };
  expect_close(numbers_of(far_llama(), far_adapter()), numbers_of(test::tiny_llama(), test::tiny_adapter()));
}

TEST(DevicePlacement, EncodersOfBothFamilies) {
  const auto texts = prompts();
  const std::vector<std::span<const std::int32_t>> sequences(texts.begin(), texts.end());
  const TokenBatch batch = TokenBatch::padded_right(sequences);
  const at::NoGradGuard no_graph;
  for (const char* family : {"bert", "roberta"}) {
    const auto folder = test::golden_source() / "models" / family;
    const auto numbers_of = [&](const Encoder& encoder) {
      const Matrix<double> pooled = host_matrix(encoder.mean_pooled(batch.ids, batch.length));
      return std::vector<double>(pooled.data(), pooled.data() + pooled.rows() * pooled.cols());
    };
    expect_close(numbers_of(Encoder::load(folder, test::unreachable_device())), numbers_of(Encoder::load(folder)));
  }
}

TEST(DevicePlacement, LayersInSlicesAreWholeOnTheDevice) {
  SelfCommunicator world;
  const Llama slices = Llama::load(test::golden_source() / "models" / "llama_gqa",
                                   at::TensorOptions(at::kFloat).device(test::unreachable_device()), 1, &world);
  const auto samples = test::invented_samples(6, "samples", 0);
  const auto norms_of = [&](const Llama& model) {
    GradientNormTable table(samples.size());
    EXPECT_TRUE(fill_gradient_norms(model, far_adapter(), samples, {}, 40, table, world, {}));
    return table.norm;
  };
  EXPECT_EQ(norms_of(slices), norms_of(far_llama()));
}

TEST(DevicePlacement, AnAdapterIsSavedFromTheDevice) {
  const test::TemporaryFolder folder;
  far_adapter().save(folder.path(), "tiny");
  const auto written = Adapter::load(folder.path(), far_llama().config()).tensors(), expected = test::tiny_adapter().tensors();
  for (std::size_t k = 0; k < written.size(); ++k) EXPECT_TRUE(at::equal(written[k], expected[k])) << k;
}

TEST(DeviceKernels, MeansAreTheHostsAndWaitForLibTorchsWork) {
  const at::Tensor hidden = at::randn({3, 5, 33}, at::make_generator<at::CPUGeneratorImpl>(7));
  const at::Tensor mask = at::tensor({1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1}, at::kByte).view({3, 5}).to(at::kBool);
  const at::Tensor near = masked_mean(hidden * 2, mask), device_hidden = hidden.to(test::unreachable_device());
  EXPECT_TRUE(at::equal(masked_mean(device_hidden * 2, mask.to(device_hidden.device())).to(at::kCPU), near));
  EXPECT_EQ(near[1].abs().sum().item<double>(), 0);  // nothing but padding
}

TEST(DeviceKernels, CrossEntropyIsLibTorchs) {
  const at::Tensor logits = at::randn({7, 129}, at::make_generator<at::CPUGeneratorImpl>(8)) * 4;
  const at::Tensor label = at::tensor({0, 128, 5, 5, 77, 1, 64}, at::kLong);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor given = logits.to(type),
                     expected = at::log_softmax(given.to(at::kDouble), 1).gather(1, label.unsqueeze(1)).squeeze(1).neg();
    const at::Tensor found = token_cross_entropy(given.to(test::unreachable_device()), label.to(test::unreachable_device())).to(at::kCPU);
    EXPECT_LT((found.to(at::kDouble) - expected).abs().max().item<double>(), 1e-5);
  }
}

TEST(DeviceKernels, MasksOfDropoutAreTheHosts) {
  const std::vector<std::uint64_t> key = {3, ~std::uint64_t{0}, 0x8000000000000001};
  const std::vector<std::int64_t> skipped = {0, 2, 4};
  const DropoutDraw draw{key.data(), skipped.data(), 3, 4, 33, 0x4000, 1.25F};
  const at::Tensor near = dropout_mask(draw, at::kCPU);
  EXPECT_TRUE(at::equal(dropout_mask(draw, test::unreachable_device()).to(at::kCPU), near));
  EXPECT_EQ(near[2].eq(1).sum().item<std::int64_t>(), 4 * 33);  // all skipped
}

/// Scores of few values, so that most of them are equal, both zeros among them.
TEST(BestCandidates, OfADeviceAreThoseOfTheHostTiesIncluded) {
  const Philox random(3, "logits");
  for (const std::int64_t vocabulary : {1, 2, 33, 1000})
    for (const std::int64_t count : {1, 4, 12}) {
      constexpr std::int64_t kSearches = 5, kBeams = 3;
      at::Tensor logits = at::empty({kSearches, kBeams, vocabulary}, at::kFloat);
      for (std::int64_t k = 0; k < logits.numel(); ++k)
        logits.mutable_data_ptr<float>()[k] = static_cast<float>(random.block(static_cast<std::uint64_t>(k))[0] % 5) - 2.0F;
      const std::vector<std::vector<float>> running = {{0.0F}, {-1.0F, -1.5F, -1.5F}, {}, {-0.0F, 0.0F}, {3.0F, 2.0F, -7.0F}};
      const auto near = best_candidates(logits, running, count);
      const auto far = best_candidates(logits.to(test::unreachable_device()), running, count);
      for (std::size_t n = 0; n < running.size(); ++n) {
        ASSERT_EQ(far[n].size(), near[n].size());
        for (std::size_t k = 0; k < near[n].size(); ++k) {
          EXPECT_EQ(far[n][k].score, near[n][k].score);
          EXPECT_EQ(far[n][k].beam, near[n][k].beam);
          EXPECT_EQ(far[n][k].token, near[n][k].token);
        }
      }
    }
}

}  // namespace
}  // namespace goracs
