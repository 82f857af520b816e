// Finetuning on the golden tiny LLaMA with invented samples: what must hold whatever the numbers are.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "support/thread_ranks.hpp"
#include "support/tiny_llama.hpp"
#include "train/finetune_loop.hpp"
#include "train/finetune_state_file.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;

struct TinyRun {
  FinetuneSettings settings;
  BatchSizes sizes{7, 2, true};
  std::int64_t epochs = 3;
  std::int64_t classes = 0;

  TinyRun() {
    settings.learning_rate = 1e-2;
    settings.warmup_steps = 2;
    settings.eval_steps = 3;
    settings.valid_batch_tokens = 40;
  }
  std::unique_ptr<FinetuneLoop> loop(Communicator& world, std::int64_t samples = 17) const {
    auto train = test::invented_samples(samples, "train", classes), valid = test::invented_samples(9, "valid", classes);
    std::vector<std::int64_t> lengths;
    for (const auto& sample : train) lengths.push_back(static_cast<std::int64_t>(sample.ids.size()));
    const Adapter start = Adapter::fresh(test::tiny_llama().config(), LoraShape{}, 1);
    return std::make_unique<FinetuneLoop>(test::tiny_llama(), start, train, valid, EpochOrder(lengths, sizes, 4).plan(epochs), settings,
                                          world);
  }
  FinetuneState finished(int ranks) const {
    FinetuneState state;
    test::on_ranks(ranks, [&](Communicator& world) {
      at::set_num_threads(1);
      const auto running = loop(world);
      while (running->end() == FinetuneEnd::kGoesOn) running->advance();
      if (world.is_root()) state = running->state();
    });
    return state;
  }
};

void expect_same(const FinetuneState& a, const FinetuneState& b) {
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.parameters, b.parameters);
  EXPECT_EQ(a.best_parameters, b.best_parameters);
  EXPECT_EQ(a.optimizer.first_moment, b.optimizer.first_moment);
  EXPECT_EQ(a.optimizer.second_moment, b.optimizer.second_moment);
  EXPECT_EQ(a.history.train_loss, b.history.train_loss);
  EXPECT_EQ(a.history.grad_norm, b.history.grad_norm);
  EXPECT_EQ(a.history.learning_rate, b.history.learning_rate);
  EXPECT_EQ(a.history.valid_step, b.history.valid_step);
  EXPECT_EQ(a.history.valid_loss, b.history.valid_loss);
  EXPECT_EQ(a.stopping.best_step, b.stopping.best_step);
  EXPECT_EQ(a.stopping.best_loss, b.stopping.best_loss);
}

TEST(FinetuneLoop, GivesTheSameBitsForAnyNumberOfRanksWithDropout) {
  TinyRun run;
  run.settings.micro_batch.dropout = 0.25;
  const FinetuneState one = run.finished(1);
  EXPECT_EQ(one.history.valid_step, (std::vector<std::int64_t>{0, 3, 6, 9}));
  for (const int ranks : {2, 3, 5}) {
    SCOPED_TRACE(ranks);
    expect_same(run.finished(ranks), one);
  }
}

/// One rank that writes down when exchanges are begun, and when its loop says that it is at work: after a bucket and after a micro-batch.
class WatchedRank final : public test::ThreadCommunicator {
 public:
  using ThreadCommunicator::ThreadCommunicator;
  void still_working() override { events += 'w'; }
  std::unique_ptr<PendingExchange> begin_exchange(std::string phase, std::vector<std::vector<std::byte>> parts,
                                                  std::vector<std::size_t> lengths) override {
    events += 'b';
    return ThreadCommunicator::begin_exchange(std::move(phase), std::move(parts), std::move(lengths));
  }
  std::string events;
};

TEST(FinetuneLoop, BeginsSumsOfLayersInTheLastMicroBatch) {
  const std::int64_t layers = test::tiny_llama().config().num_layers;
  ASSERT_GE(layers, 2);
  TinyRun run;
  run.sizes = {6, 2, false};  // 3 micro-batches a step
  std::string during;
  for (std::int64_t k = 1; k < layers; ++k) during += "bw";
  for (const bool overlap : {true, false}) {
    run.settings.overlap_sums = overlap;
    test::ThreadWorld threads(1);
    WatchedRank rank(threads, 0);
    const auto loop = run.loop(rank, 6);
    loop->advance();  // an evaluation, and a step of 3 micro-batches
    const std::string expected = overlap ? "ww" + during + "wb" : "www" + std::string(static_cast<std::size_t>(layers), 'b');
    EXPECT_TRUE(rank.events.ends_with(expected)) << rank.events << ", expected " << expected;
  }
}

TEST(LayerGradients, AreWholeBeforeTheLayersBelowAreComputed) {
  const std::int64_t last = test::tiny_llama().config().num_layers - 1;
  const auto samples = test::invented_samples(3, "train", 0);
  const std::vector<const TrainingSample*> pointers{&samples[0], &samples[1], &samples[2]};
  for (const bool again : {false, true}) {
    SCOPED_TRACE(again ? "computed again" : "kept");
    Adapter adapter = test::tiny_adapter().clone();
    adapter.track_gradients(true);
    std::vector<std::string> events;
    LayerGradients layers(adapter);
    for (const at::Tensor& tensor : adapter.layer_tensors(0))
      tensor.register_hook([&](const at::Tensor&) { events.emplace_back("below"); });
    MicroBatchSettings settings;
    settings.checkpoint_layers = again;
    std::vector<std::vector<float>> whole(static_cast<std::size_t>(last) + 1);
    MicroBatchGradient micro;
    layers.during([&] { micro = micro_batch_gradient(test::tiny_llama(), adapter, pointers, settings, "x"); },
                  [&](std::int64_t layer, const std::vector<at::Tensor>& gradients) {
                    events.push_back("layer " + std::to_string(layer));
                    whole[static_cast<std::size_t>(layer)] = flattened(gradients);
                  });
    std::vector<std::string> expected;
    for (std::int64_t layer = last; layer > 0; --layer) expected.push_back("layer " + std::to_string(layer));
    expected.insert(expected.end(), adapter.layer_tensors(0).size() * (again ? 2 : 1), "below");
    EXPECT_EQ(events, expected);
    std::vector<float> all;
    for (std::int64_t layer = 1; layer <= last; ++layer)
      all.insert(all.end(), whole[static_cast<std::size_t>(layer)].begin(), whole[static_cast<std::size_t>(layer)].end());
    EXPECT_EQ(all, std::vector<float>(micro.gradient.end() - static_cast<std::ptrdiff_t>(all.size()), micro.gradient.end()));
    events.clear();
    micro_batch_gradient(test::tiny_llama(), adapter, pointers, settings, "x");
    EXPECT_EQ(std::ranges::count(events, "layer 1"), 0) << "nobody asks any more";
  }
}

TEST(FinetuneLoop, LearnsItsSamples) {
  for (const std::int64_t classes : {0, 2, 3}) {
    TinyRun run;
    run.classes = classes;
    run.epochs = 12;
    if (classes > 0) run.settings.micro_batch.loss.kind = LossKind::kClasses;
    for (std::int64_t k = 0; k < classes; ++k) run.settings.micro_batch.loss.class_tokens.push_back(40 + k);
    const FinetuneState state = run.finished(2);
    EXPECT_LT(state.history.train_loss.back(), 0.9 * state.history.train_loss.front()) << classes << " classes";
  }
}

TEST(FinetuneLoop, ComputingLayersAgainInTheBackwardPassChangesNoBit) {
  TinyRun run;
  run.settings.micro_batch.dropout = 0.25;
  const FinetuneState kept = run.finished(1);
  run.settings.micro_batch.checkpoint_layers = true;
  expect_same(run.finished(1), kept);
}

TEST(FinetuneLoop, ResumesFromAFileBitForBitAfterEveryStep) {
  TinyRun run;
  run.settings.micro_batch.dropout = 0.25;
  run.settings.patience = 2;
  const FinetuneState whole = run.finished(1);
  const fs::path path = fs::temp_directory_path() / ("finetune_state_" + std::to_string(getpid()) + ".h5");
  for (std::int64_t stop = 1; stop < whole.step; ++stop) {
    SCOPED_TRACE(stop);
    test::on_ranks(1, [&](Communicator& world) {
      at::set_num_threads(1);
      const auto first = run.loop(world);
      while (first->state().step < stop) first->advance();
      write_finetune_state(path, first->state());
      const auto second = run.loop(world);
      second->restore(read_finetune_state(path, static_cast<std::int64_t>(first->state().parameters.size())));
      while (second->end() == FinetuneEnd::kGoesOn) second->advance();
      expect_same(second->state(), whole);
    });
  }
  EXPECT_THROW(read_finetune_state(path, 3), Error) << "a checkpoint of another adapter";
  fs::remove(path);
}

TEST(FinetuneLoop, MakesAnEvaluationAnewThatWasCutShort) {
  TinyRun run;
  run.settings.valid_batch_tokens = 32;
  const FinetuneState whole = run.finished(2);
  int cut = 0;
  for (bool was_cut = true; was_cut; ++cut) {
    SCOPED_TRACE(cut);
    test::on_ranks(2, [&](Communicator& world) {
      at::set_num_threads(1);
      int asked = 0;
      bool stopped = false;
      const auto first = run.loop(world);
      while (!stopped && first->end() == FinetuneEnd::kGoesOn) first->advance([&] { return stopped = asked++ == cut; });
      EXPECT_TRUE(!stopped || first->steps_done() < first->total_steps()) << "else nobody would go on with it";
      const auto second = run.loop(world);
      second->restore(first->state());
      while (second->end() == FinetuneEnd::kGoesOn) second->advance();
      expect_same(second->state(), whole);
      if (world.is_root()) was_cut = stopped;
    });
  }
  EXPECT_GT(cut, 2 * static_cast<int>(whole.history.valid_step.size())) << "an evaluation is several rounds of batches";
}

TEST(FinetuneLoop, StopsWithoutImprovementAndGivesBackTheBest) {
  TinyRun run;
  run.settings.learning_rate = 3;  // diverges
  run.settings.warmup_steps = 1;
  run.settings.eval_steps = 1;
  run.settings.patience = 2;
  run.epochs = 50;
  test::on_ranks(1, [&](Communicator& world) {
    const auto loop = run.loop(world);
    std::vector<std::vector<float>> after = {loop->state().parameters};
    while (loop->end() == FinetuneEnd::kGoesOn) {
      loop->advance();
      after.push_back(loop->state().parameters);
    }
    const EarlyStopping& stopping = loop->state().stopping;
    EXPECT_EQ(loop->end(), FinetuneEnd::kNoImprovement);
    EXPECT_EQ(loop->state().step, stopping.best_step + 2);
    EXPECT_GE(stopping.best_step, 1) << "the start is measured, not kept";
    EXPECT_EQ(flattened(loop->best().tensors()), after[static_cast<std::size_t>(stopping.best_step)]);
  });
}

TEST(FinetuneLoop, MeasuresValidationAsTheMeanOverAllLabelsWhateverIsShared) {
  for (const std::int64_t classes : {0, 2}) {
    LossSettings loss;
    if (classes > 0) loss = {LossKind::kClasses, {20, 30}, false, 0};
    auto samples = test::invented_samples(6, "valid", classes);
    for (auto& sample : samples) {
      sample.ids.insert(sample.ids.begin(), {7, 8, 9, 10});
      sample.answer_position += 4;
    }
    std::vector<const TrainingSample*> pointers;
    for (const auto& sample : samples) pointers.push_back(&sample);
    const auto shared = shared_tokens(samples, loss);
    EXPECT_EQ(shared.size(), 4U);
    const Llama& model = test::tiny_llama();
    const Adapter& adapter = test::tiny_adapter();
    const auto apart = sample_losses(model, adapter, pointers, loss, SharedStart(model, adapter, {}, loss));
    const auto together = sample_losses(model, adapter, pointers, loss, SharedStart(model, adapter, shared, loss));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      EXPECT_EQ(apart[i].count, classes > 0 ? 1.0 : static_cast<double>(samples[i].ids.size()) - 1);
      EXPECT_EQ(together[i].count, apart[i].count);
      EXPECT_NEAR(together[i].sum, apart[i].sum, 1e-5 * apart[i].sum);
    }
  }
}

TEST(FinetuneLoop, InBfloat16StaysNearFloat32) {
  const Llama narrow = Llama::load(test::golden_source() / "models" / "llama_gqa", at::kBFloat16);
  auto samples = test::invented_samples(8, "train", 0);
  std::vector<const TrainingSample*> pointers;
  for (const auto& sample : samples) pointers.push_back(&sample);
  Adapter adapter = test::tiny_adapter().clone();
  adapter.track_gradients(true);
  const auto wide_step = micro_batch_gradient(test::tiny_llama(), adapter, pointers, {}, "x");
  const auto narrow_step = micro_batch_gradient(narrow, adapter, pointers, {}, "x");
  // bfloat16 keeps 8 bits: a sum of rounded products is off by a few times 2^-8
  constexpr double kRounding = 0.03;
  EXPECT_NEAR(narrow_step.loss, wide_step.loss, kRounding * wide_step.loss);
  std::vector<float> difference;
  for (std::size_t k = 0; k < wide_step.gradient.size(); ++k) difference.push_back(narrow_step.gradient[k] - wide_step.gradient[k]);
  EXPECT_LE(l2_norm(difference), 4 * kRounding * l2_norm(wide_step.gradient));
  EXPECT_GT(l2_norm(difference), 0) << "another type, other bits";
}

TEST(FinetuneLoop, RefusesALossThatIsNoNumber) {
  TinyRun run;
  test::on_ranks(1, [&](Communicator& world) {
    const auto loop = run.loop(world);
    FinetuneState state = loop->state();
    state.parameters[1] = std::nanf("");
    loop->restore(state);
    try {
      loop->advance();
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kNumeric) << error.what();
    }
  });
}

}  // namespace
}  // namespace goracs
