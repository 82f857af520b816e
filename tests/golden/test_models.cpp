// Logits, hidden states and pooled embeddings of tests/golden/models and adapters, as transformers and peft compute them.
#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/h5.hpp"
#include "model/adapter.hpp"
#include "model/encoder.hpp"
#include "model/llama.hpp"
#include "support/golden.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;

at::Tensor tensor_of(const H5File& file, const std::string& name, at::ScalarType type) {
  const auto shape = file.shape(name);
  if (type == at::kLong) return at::tensor(file.read<std::int64_t>(name), at::kLong).view(shape);
  return at::tensor(file.read<double>(name), at::kDouble).view(shape);
}

struct Case {
  fs::path folder;  ///< of the expected values' model or adapter
  fs::path expected;
};

/// Every folder below `root` with an expected.h5 of its own or an expected.json that names another's.
std::vector<Case> cases(const std::string& root) {
  std::vector<Case> all;
  for (const auto& file : test::golden_files(root, "expected.h5")) all.push_back({file.parent_path(), file});
  for (const auto& entry : fs::directory_iterator(test::golden_root() / root)) {
    if (!fs::exists(entry.path() / "expected.json")) continue;
    std::ifstream in(entry.path() / "expected.json");
    all.push_back({entry.path(), entry.path() / nlohmann::json::parse(in).at("expected").get<std::string>()});
  }
  return all;
}

struct PaddedInput {
  at::Tensor ids;  ///< (B, T), padding moved to the right
  std::vector<std::int64_t> lengths, starts;
};

PaddedInput input_of(const H5File& file) {
  const at::Tensor ids = tensor_of(file, "input_ids", at::kLong), mask = tensor_of(file, "attention_mask", at::kLong);
  PaddedInput input{at::zeros_like(ids), {}, {}};
  for (std::int64_t b = 0; b < ids.size(0); ++b) {
    const std::int64_t length = mask[b].sum().item<std::int64_t>(), start = mask[b].argmax().item<std::int64_t>();
    input.ids[b].narrow(0, 0, length).copy_(ids[b].narrow(0, start, length));
    input.lengths.push_back(length);
    input.starts.push_back(start);
  }
  return input;
}

/// 1e-5 x the largest absolute value + the file's own measure of rounding (tests/golden/README.md).
double tolerance(const H5File& file, const at::Tensor& expected) {
  double rounding = 0;
  for (const auto& name : file.attribute_names())
    if (name.starts_with("max_abs_difference")) rounding = std::max(rounding, file.number_attribute(name));
  return 1e-5 * expected.abs().max().item<double>() + rounding;
}

void expect_real_rows(const H5File& file, const std::string& name, const at::Tensor& computed, const PaddedInput& input) {
  const at::Tensor expected = tensor_of(file, name, at::kDouble);
  const double allowed = tolerance(file, expected);
  for (std::int64_t b = 0; b < expected.size(0); ++b) {
    const auto k = static_cast<std::size_t>(b);
    const at::Tensor difference =
        computed[b].narrow(0, 0, input.lengths[k]).to(at::kDouble) - expected[b].narrow(0, input.starts[k], input.lengths[k]);
    EXPECT_LE(difference.abs().max().item<double>(), allowed) << file.path() << " " << name << " row " << b;
  }
}

void check_llama(const fs::path& model_folder, const H5File& file, const std::optional<fs::path>& adapter_folder) {
  const Llama model = Llama::load(model_folder, at::kFloat);
  std::optional<Adapter> adapter;
  if (adapter_folder) adapter = Adapter::load(*adapter_folder, model.config());
  const PaddedInput input = input_of(file);
  const at::Tensor hidden = model.hidden_states(input.ids, adapter ? &*adapter : nullptr);
  expect_real_rows(file, "logits", model.logits(hidden), input);
  if (file.contains("last_hidden_state")) expect_real_rows(file, "last_hidden_state", hidden, input);
}

void check_encoder(const fs::path& folder, const H5File& file) {
  const Encoder encoder = Encoder::load(folder);
  const PaddedInput input = input_of(file);
  expect_real_rows(file, "last_hidden_state", encoder.hidden_states(tensor_of(file, "input_ids", at::kLong), input.lengths), input);
  const at::Tensor expected = tensor_of(file, "mean_pooled", at::kDouble);
  const at::Tensor pooled = encoder.mean_pooled(tensor_of(file, "input_ids", at::kLong), input.lengths);
  EXPECT_LE((pooled.to(at::kDouble) - expected).abs().max().item<double>(), tolerance(file, expected)) << file.path();
}

TEST(GoldenModels, GiveTheNumbersOfTransformers) {
  const at::NoGradGuard no_grad;
  for (const Case& one : cases("models")) {
    SCOPED_TRACE(one.folder.string());
    const H5File file = H5File::open(one.expected);
    file.contains("logits") ? check_llama(one.folder, file, {}) : check_encoder(one.folder, file);
  }
}

TEST(GoldenModels, ConfigsOfBothFormsMeanTheSame) {
  for (const auto& file : test::golden_files("models", "config_v5.json")) {
    const fs::path folder = fs::temp_directory_path() / ("goracs-config-" + std::to_string(::getpid()));
    fs::create_directories(folder);
    fs::copy_file(file, folder / "config.json", fs::copy_options::overwrite_existing);
    const LlamaConfig old_form = LlamaConfig::read(file.parent_path()), new_form = LlamaConfig::read(folder);
    fs::remove_all(folder);
    EXPECT_EQ(old_form.rope_theta, new_form.rope_theta);
    EXPECT_EQ(old_form.head_dim, new_form.head_dim);
    EXPECT_EQ(old_form.num_key_value_heads, new_form.num_key_value_heads);
    EXPECT_EQ(old_form.tie_word_embeddings, new_form.tie_word_embeddings);
    ASSERT_EQ(old_form.rope_scaling.has_value(), new_form.rope_scaling.has_value());
    if (old_form.rope_scaling) {
      EXPECT_EQ(old_form.rope_scaling->factor, new_form.rope_scaling->factor);
    }
  }
}

TEST(GoldenAdapters, GiveTheNumbersOfPeft) {
  const at::NoGradGuard no_grad;
  for (const Case& one : cases("adapters")) {
    SCOPED_TRACE(one.folder.string());
    const H5File file = H5File::open(one.expected);
    check_llama(one.expected.parent_path() / file.text_attribute("model"), file, one.folder);
  }
}

TEST(GoldenAdapters, AreWrittenAsTheyWereRead) {
  for (const Case& one : cases("adapters")) {
    const H5File file = H5File::open(one.expected);
    const LlamaConfig config = LlamaConfig::read(one.expected.parent_path() / file.text_attribute("model"));
    const Adapter adapter = Adapter::load(one.folder, config);
    const fs::path copy = fs::temp_directory_path() / ("goracs-adapter-" + std::to_string(::getpid()));
    adapter.save(copy, "base");
    const Adapter again = Adapter::load(copy, config);
    fs::remove_all(copy);
    const auto before = adapter.tensors(), after = again.tensors();
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t k = 0; k < before.size(); ++k) EXPECT_TRUE(at::equal(before[k], after[k])) << adapter.names()[k];
  }
}

}  // namespace
}  // namespace goracs
