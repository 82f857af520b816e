#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "base/error.hpp"
#include "support/tiny_llama.hpp"
#include "train/gradient_norm.hpp"
#include "train/micro_batch.hpp"

namespace goracs {
namespace {

/// Loss, gradient and norm of samples in one batch.
SampleGradients gradients_of(const std::vector<TrainingSample>& samples, const GradientNormSettings& settings,
                             const std::vector<std::int64_t>& chosen, const std::vector<std::int32_t>& shared = {}) {
  std::vector<const TrainingSample*> pointers;
  for (const auto i : chosen) pointers.push_back(&samples[static_cast<std::size_t>(i)]);
  return GradientNorms(test::tiny_llama(), test::tiny_adapter(), settings, shared).of(pointers, chosen);
}

void expect_close(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_LE((a - b).abs().max().item<double>(), 1e-5 * b.abs().max().item<double>());
}

/// The gradient of a sample's mean token loss by all adapter tensors, cut down to the last v_proj's lora_B.
at::Tensor by_training(const TrainingSample& sample, const MicroBatchSettings& settings, const std::string& name) {
  Adapter adapter = test::tiny_adapter().clone();
  adapter.track_gradients(true);
  const TrainingSample* pointer = &sample;
  const auto flat = micro_batch_gradient(test::tiny_llama(), adapter, {&pointer, 1}, settings, name).gradient;
  const auto all = adapter.tensors();
  const at::Tensor wanted = adapter.find(adapter.num_layers() - 1, "v_proj")->b;
  std::int64_t offset = 0;
  for (const auto& tensor : all) {
    if (tensor.is_same(wanted)) break;
    offset += tensor.numel();
  }
  return at::tensor(at::ArrayRef<float>(flat.data() + offset, static_cast<std::size_t>(wanted.numel()))).view(wanted.sizes());
}

TEST(GradientNorm, EqualsTheFullBackwardPassOfTraining) {
  for (const std::int64_t classes : {0, 3}) {
    const auto samples = test::invented_samples(5, "pool", classes);
    GradientNormSettings settings;
    if (classes > 0) settings.loss = {LossKind::kClasses, {20, 30, 40}, false, 0};
    const SampleGradients all = gradients_of(samples, settings, {0, 1, 2, 3, 4});
    for (std::int64_t i = 0; i < 5; ++i)
      expect_close(all.gradient()[i], by_training(samples[static_cast<std::size_t>(i)], {settings.loss, 0, 0, false}, ""));
  }
}

TEST(GradientNorm, SharingALongPrefixChangesNothingButRounding) {
  for (const std::int64_t classes : {0, 2}) {
    for (const std::int64_t first_label : {1, 9}) {
      auto samples = test::invented_samples(7, "pool", classes);
      const auto front = test::invented_tokens(9, "front", 0);
      for (auto& sample : samples) {
        sample.ids.insert(sample.ids.begin(), front.begin(), front.end());
        sample.answer_position += 9;
        sample.first_label = first_label;
      }
      GradientNormSettings settings;
      if (classes > 0) settings.loss = {LossKind::kClasses, {20, 30}, false, 0};
      const auto shared = shared_tokens(samples, settings.loss);
      ASSERT_EQ(shared, front);
      const std::vector<std::int64_t> everything = {0, 1, 2, 3, 4, 5, 6};
      const SampleGradients apart = gradients_of(samples, settings, everything),
                            together = gradients_of(samples, settings, everything, shared);
      expect_close(together.loss, apart.loss);
      expect_close(together.gradient(), apart.gradient());
    }
  }
}

TEST(GradientNorm, SharesNothingWhereLabelsBeginInsideThePrefixOrPaddingIsOnTheLeft) {
  auto samples = test::invented_samples(3, "pool", 0);
  for (auto& sample : samples) sample.ids.insert(sample.ids.begin(), {7, 8, 9, 10});
  EXPECT_EQ(shared_tokens(samples, {}), (std::vector<std::int32_t>{7, 8, 9, 10}));
  EXPECT_TRUE(shared_tokens(samples, {LossKind::kTokens, {}, true, 0}).empty());
  samples[1].first_label = 2;
  EXPECT_TRUE(shared_tokens(samples, {}).empty());
  EXPECT_TRUE(shared_tokens({}, {}).empty());
}

TEST(GradientNorm, DropoutIsASamplesOwnWhateverTheBatch) {
  const auto samples = test::invented_samples(6, "pool", 0);
  const GradientNormSettings settings{{}, 0.5, 3};
  const SampleGradients all = gradients_of(samples, settings, {0, 1, 2, 3, 4, 5}), two = gradients_of(samples, settings, {5, 2});
  expect_close(two.gradient()[0], all.gradient()[5]);
  expect_close(two.gradient()[1], all.gradient()[2]);
  const SampleGradients none = gradients_of(samples, {{}, 0, 3}, {5});
  EXPECT_GT((none.gradient()[0] - two.gradient()[0]).abs().max().item<double>(), 0.01 * none.gradient().abs().max().item<double>());
}

TEST(GradientNorm, AFirstLabelIsPredictedFromPaddingOnly) {
  auto samples = test::invented_samples(6, "pool", 0);  // the last has 8 tokens: no padding in a batch of multiples of 8
  for (auto& sample : samples) sample.first_label = 0;
  const GradientNormSettings plain, quirk{{LossKind::kTokens, {}, true, 0}, 0, 0};
  const SampleGradients without = gradients_of(samples, plain, {0, 5}), with = gradients_of(samples, quirk, {0, 5});
  EXPECT_NEAR(with.loss[1].item<double>(), without.loss[1].item<double>(), 1e-5) << "no padding, no prediction of token 0";
  EXPECT_GT(std::abs(with.loss[0].item<double>() - without.loss[0].item<double>()), 1e-3);
}

TEST(GradientNorm, ASampleWithoutLabelsHasNoLossAndNoGradient) {
  std::vector<TrainingSample> samples = test::invented_samples(2, "pool", 0);
  samples[1].first_label = static_cast<std::int64_t>(samples[1].ids.size());
  const SampleGradients both = gradients_of(samples, {}, {0, 1});
  EXPECT_GT(both.norm()[0].item<double>(), 0);
  EXPECT_EQ(both.loss[1].item<double>(), 0);
  EXPECT_EQ(both.norm()[1].item<double>(), 0);
}

TEST(GradientNorm, RefusesAnAdapterWithoutValueProjections) {
  LoraShape shape;
  shape.target_modules = {"q_proj"};
  const Adapter other = Adapter::fresh(test::tiny_llama().config(), shape, 0);
  EXPECT_THROW(GradientNorms(test::tiny_llama(), other, {}, {}), Error);
}

}  // namespace
}  // namespace goracs
