// Per-sample losses and gradients of tests/golden/grads: autograd on one unpadded sample at a time is what our one pass a batch must equal.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <numeric>

#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "support/golden.hpp"
#include "support/golden_sequences.hpp"
#include "train/gradient_norm.hpp"

namespace goracs {
namespace {

constexpr double kGradTolerance = 1e-5;  // golden/README: losses and gradients, relative

struct GradsCase {
  GradsCase(const H5File& file, const Llama& base)
      : model(base),
        adapter(Adapter::load(file.path().substr(0, file.path().rfind('/')) + "/" + file.text_attribute("adapter"), base.config())) {}
  const Llama& model;
  Adapter adapter;
  std::vector<TrainingSample> samples;
  GradientNormSettings settings;
  std::vector<double> loss, norm;
  at::Tensor gradient;

  void expect_equal(std::int64_t first, std::int64_t count, bool share_prefix) const {
    std::vector<const TrainingSample*> chosen;
    std::vector<std::int64_t> indices;
    for (std::int64_t i = first; i < first + count; ++i) {
      chosen.push_back(&samples[static_cast<std::size_t>(i)]);
      indices.push_back(i);
    }
    const auto shared = share_prefix ? shared_tokens(samples, settings.loss) : std::vector<std::int32_t>();
    const SampleGradients computed = GradientNorms(model, adapter, settings, shared).of(chosen, indices);
    const at::Tensor norms = computed.norm(), gradients = computed.gradient();
    for (std::int64_t k = 0; k < count; ++k) {
      const auto i = static_cast<std::size_t>(first + k);
      EXPECT_NEAR(computed.loss[k].item<double>(), loss[i], kGradTolerance * std::abs(loss[i])) << "sample " << i;
      EXPECT_NEAR(norms[k].item<double>(), norm[i], kGradTolerance * norm[i]) << "sample " << i;
      const double difference = (gradients[k] - gradient[first + k]).to(at::kDouble).norm().item<double>();
      EXPECT_LE(difference, kGradTolerance * norm[i]) << "sample " << i;
    }
  }
};

GradsCase read_case(const H5File& file, const Llama& model) {
  GradsCase c(file, model);
  const auto sequences = test::golden_sequences(file);
  const bool classes = file.contains("class_token_ids");
  const auto labels = classes ? std::vector<std::int64_t>() : file.read<std::int64_t>("labels");
  const auto positions = classes ? file.read<std::int64_t>("answer_position") : std::vector<std::int64_t>();
  const auto class_index = classes ? file.read<std::int64_t>("class_index") : std::vector<std::int64_t>();
  for (std::size_t i = 0; i < sequences.ids.size(); ++i) {
    TrainingSample sample{sequences.ids[i], 1, -1, -1};
    if (classes) {
      sample.answer_position = positions[i] - sequences.first[i];
      sample.class_index = class_index[i];
    } else {
      sample.first_label =
          test::golden_first_label(sample.ids, labels.data() + static_cast<std::int64_t>(i) * sequences.columns + sequences.first[i]);
    }
    c.samples.push_back(std::move(sample));
  }
  if (classes) {
    c.settings.loss.kind = LossKind::kClasses;
    c.settings.loss.class_tokens = file.read<std::int64_t>("class_token_ids");
  }
  c.loss = file.read<double>("loss");
  c.norm = file.read<double>("grad_norm");
  c.gradient = at::tensor(file.read<float>("grad")).view(file.shape("grad"));
  return c;
}

TEST(GoldenGrads, OneBackwardPassABatchEqualsAutogradOnEachSample) {
  std::size_t token_cases = 0, class_cases = 0;
  for (const auto& path : test::golden_files("grads", ".h5")) {
    SCOPED_TRACE(path.string());
    const H5File file = H5File::open(path);
    const Llama model = Llama::load(path.parent_path() / file.text_attribute("model"), at::kFloat);
    const GradsCase c = read_case(file, model);
    (c.settings.loss.kind == LossKind::kClasses ? class_cases : token_cases) += 1;
    const auto count = static_cast<std::int64_t>(c.samples.size());
    EXPECT_GE(shared_tokens(c.samples, c.settings.loss).size(), 2U) << "the template begins alike in all samples";
    for (const bool share_prefix : {false, true}) {
      SCOPED_TRACE(share_prefix ? "prefix shared" : "nothing shared");
      c.expect_equal(0, count, share_prefix);
      for (std::int64_t i = 0; i < count; ++i) c.expect_equal(i, 1, share_prefix);
      c.expect_equal(0, count - 1, share_prefix);
    }
  }
  EXPECT_GT(token_cases, 0U);
  EXPECT_GT(class_cases, 0U);
}

}  // namespace
}  // namespace goracs
