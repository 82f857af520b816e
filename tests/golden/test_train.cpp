// Runs of tests/golden/train: losses, gradient norms, rates and adapters along the way, for 1, 2 and 3 ranks bit for bit the same.
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "artifact/h5.hpp"
#include "model/adapter.hpp"
#include "support/golden.hpp"
#include "support/golden_sequences.hpp"
#include "support/thread_ranks.hpp"
#include "train/finetune_loop.hpp"

namespace goracs {
namespace {

constexpr double kLossTolerance = 1e-4;     // golden/README: losses along a training run, absolute
constexpr double kAdapterTolerance = 1e-5;  // adapters after a training run, absolute

struct TrainCase {
  explicit TrainCase(const std::filesystem::path& path)
      : file(H5File::open(path)),
        folder(path.parent_path()),
        model(Llama::load(folder / file.text_attribute("model"), at::kFloat)),
        start(Adapter::load(folder / file.text_attribute("adapter"), model.config())) {
    const auto ids = file.read<std::int64_t>("input_ids"), offsets = file.read<std::int64_t>("offsets");
    const bool classes = file.contains("class_token_ids");
    const auto labels = classes ? std::vector<std::int64_t>() : file.read<std::int64_t>("labels");
    const auto position = classes ? file.read<std::int64_t>("answer_position") : std::vector<std::int64_t>();
    const auto class_index = classes ? file.read<std::int64_t>("class_index") : std::vector<std::int64_t>();
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      TrainingSample sample;
      sample.ids.assign(ids.begin() + offsets[i], ids.begin() + offsets[i + 1]);
      if (classes) {
        sample.answer_position = position[i];
        sample.class_index = class_index[i];
      } else {
        sample.first_label = test::golden_first_label(sample.ids, labels.data() + offsets[i]);
      }
      samples.push_back(std::move(sample));
    }
    const Shape shape = file.shape("sample_order");
    const auto order = file.read<std::int64_t>("sample_order");
    const auto micro = number("micro_batch");
    plan = {shape[0], [=](std::int64_t step) {
              GlobalBatch batch;
              for (std::int64_t first = 0; first < shape[1]; first += micro) {
                const auto begin = order.begin() + step * shape[1];
                batch.micro_batches.emplace_back(begin + first, begin + std::min(first + micro, shape[1]));
              }
              return batch;
            }};
    settings.learning_rate = file.number_attribute("peak_learning_rate");
    settings.warmup_steps = number("warmup_steps");
    settings.optimizer = {file.number_attribute("beta1"), file.number_attribute("beta2"), file.number_attribute("eps"),
                          file.number_attribute("weight_decay")};
    settings.max_grad_norm = file.number_attribute("max_grad_norm");
    settings.eval_steps = shape[0] + 1;
    settings.micro_batch.dropout = file.number_attribute("dropout");
    if (classes) settings.micro_batch.loss = {LossKind::kClasses, file.read<std::int64_t>("class_token_ids"), false, 0};
  }

  std::int64_t number(const std::string& name) const { return static_cast<std::int64_t>(file.number_attribute(name)); }

  H5File file;
  std::filesystem::path folder;
  Llama model;
  Adapter start;
  std::vector<TrainingSample> samples;
  BatchPlan plan;
  FinetuneSettings settings;
};

struct Trajectory {
  FinetuneState state;
  std::vector<double> adapter_norm;
};

Trajectory trajectory(const TrainCase& c, int ranks) {
  Trajectory result;
  test::on_ranks(ranks, [&](Communicator& world) {
    at::set_num_threads(1);
    FinetuneLoop loop(c.model, c.start, c.samples, {}, c.plan, c.settings, world);
    while (loop.end() == FinetuneEnd::kGoesOn) {
      loop.advance();
      if (world.is_root()) result.adapter_norm.push_back(l2_norm(loop.state().parameters));
    }
    if (world.is_root()) result.state = loop.state();
  });
  return result;
}

TEST(GoldenTrain, TrajectoryEqualsAutogradAndAdamWOfTorch) {
  for (const auto& path : test::golden_files("train", "trajectory.h5")) {
    SCOPED_TRACE(path.string());
    const TrainCase c(path);
    const Trajectory run = trajectory(c, 1);
    const FinetuneHistory& history = run.state.history;
    const auto loss = c.file.read<double>("loss"), norm = c.file.read<double>("grad_norm"), rate = c.file.read<double>("learning_rate"),
               adapter_norm = c.file.read<double>("adapter_norm");
    ASSERT_EQ(history.train_loss.size(), loss.size());
    // the norm is as sure as rounding leaves it: the file's own figure for the same run with other padding, and 1e-4
    const double norm_tolerance = 1e-4 + 10 * c.file.number_attribute("noise_grad_norm_relative");
    for (std::size_t k = 0; k < loss.size(); ++k) {
      EXPECT_NEAR(history.train_loss[k], loss[k], kLossTolerance) << "step " << k;
      EXPECT_NEAR(history.grad_norm[k], norm[k], norm_tolerance * norm[k]) << "step " << k;
      EXPECT_NEAR(history.learning_rate[k], rate[k], 1e-12) << "step " << k;
      EXPECT_NEAR(run.adapter_norm[k], adapter_norm[k], kLossTolerance) << "step " << k;
    }
    const Adapter expected = Adapter::load(c.folder / c.file.text_attribute("final_adapter"), c.model.config());
    const std::vector<float> parameters = flattened(expected.tensors());
    ASSERT_EQ(parameters.size(), run.state.parameters.size());
    double worst = 0;
    for (std::size_t k = 0; k < parameters.size(); ++k)
      worst = std::max(worst, std::abs(static_cast<double>(parameters[k]) - static_cast<double>(run.state.parameters[k])));
    EXPECT_LE(worst, kAdapterTolerance);
    RecordProperty("largest_adapter_difference", std::to_string(worst));
  }
}

TEST(GoldenTrain, RankCountsGiveTheSameBits) {
  for (const auto& path : test::golden_files("train", "trajectory.h5")) {
    SCOPED_TRACE(path.string());
    const TrainCase c(path);
    const Trajectory one = trajectory(c, 1);
    for (const int ranks : {2, 3}) {
      const Trajectory many = trajectory(c, ranks);
      EXPECT_EQ(many.state.parameters, one.state.parameters) << ranks << " ranks";
      EXPECT_EQ(many.state.history.train_loss, one.state.history.train_loss) << ranks << " ranks";
      EXPECT_EQ(many.state.history.grad_norm, one.state.history.grad_norm) << ranks << " ranks";
    }
  }
}

}  // namespace
}  // namespace goracs
