// LoRA adapters: how they start, and PEFT folders in and out.
#include "model/adapter.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "model/llama.hpp"
#include "model/safetensors.hpp"
#include "model/weights.hpp"
#include "support/expect_error.hpp"
#include "support/golden.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using test::expect_error;
using test::TemporaryFolder;

const fs::path kGolden = test::source_root() / "tests" / "golden";

const Llama& gqa() {
  static const Llama kModel = Llama::load(kGolden / "models" / "llama_gqa", at::kFloat);
  return kModel;
}

at::Tensor hidden(const Adapter* adapter) {
  const at::NoGradGuard no_graph;
  return gqa().hidden_states(at::arange(3, 14, at::kLong).unsqueeze(0), adapter);
}

TEST(Adapter, StartsWithoutAnyEffect) {
  const Adapter adapter = Adapter::fresh(gqa().config(), {}, 7);
  EXPECT_EQ(adapter.b_norm(), 0.0);
  EXPECT_TRUE(at::equal(hidden(&adapter), hidden(nullptr)));
}

TEST(Adapter, ItsStartIsUniformAndDependsOnSeedAndNameOnly) {
  LoraShape q_only;
  q_only.target_modules = {"q_proj"};
  const LlamaConfig& model = gqa().config();
  const Adapter both = Adapter::fresh(model, {}, 7), again = Adapter::fresh(model, {}, 7), alone = Adapter::fresh(model, q_only, 7),
                other = Adapter::fresh(model, {}, 8);
  const double bound = 1.0 / std::sqrt(static_cast<double>(model.hidden_size));
  for (std::int64_t layer = 0; layer < model.num_layers; ++layer) {
    const at::Tensor a = both.find(layer, "q_proj")->a;
    EXPECT_TRUE(at::equal(a, again.find(layer, "q_proj")->a));
    EXPECT_TRUE(at::equal(a, alone.find(layer, "q_proj")->a));  // whatever else is adapted
    EXPECT_FALSE(at::equal(a, other.find(layer, "q_proj")->a));
    EXPECT_FALSE(at::equal(a, both.find(layer, "v_proj")->a));
    EXPECT_LE(a.abs().max().item<double>(), bound);
    // n uniform numbers: mean 0 and variance bound^2 / 3, each within five standard errors
    const auto n = static_cast<double>(a.numel());
    EXPECT_LE(std::abs(a.mean().item<double>()), 5.0 * bound / std::sqrt(3.0 * n));
    EXPECT_NEAR(a.square().mean().item<double>(), bound * bound / 3.0, 5.0 * bound * bound * std::sqrt(4.0 / 45.0 / n));
  }
}

TEST(Adapter, NamesAreThoseOfPeftInTheOrderOfLayersAndTargets) {
  LoraShape shape;
  shape.r = 3;
  shape.target_modules = {"down_proj", "v_proj"};
  const LlamaConfig& model = gqa().config();
  const Adapter adapter = Adapter::fresh(model, shape, 0);
  const auto names = adapter.names();
  ASSERT_EQ(names.size(), static_cast<std::size_t>(4 * model.num_layers));
  EXPECT_EQ(names[0], "base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight");
  EXPECT_EQ(names[3], "base_model.model.model.layers.0.mlp.down_proj.lora_B.weight");
  EXPECT_EQ(names[4], "base_model.model.model.layers.1.self_attn.v_proj.lora_A.weight");
  EXPECT_EQ(adapter.tensors()[0].sizes(), at::IntArrayRef({3, model.hidden_size}));
  EXPECT_EQ(adapter.tensors()[1].sizes(), at::IntArrayRef({model.num_key_value_heads * model.head_dim, 3}));
  EXPECT_EQ(adapter.find(0, "q_proj"), nullptr);
  shape.target_modules = {"c_attn"};
  expect_error(ExitCode::kInput, {"c_attn"}, [&] { Adapter::fresh(model, shape, 0); });
}

TEST(Adapter, EveryProjectionCanBeAdapted) {
  LoraShape shape;
  shape.target_modules = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};
  for (const auto& target : shape.target_modules) {
    LoraShape one;
    one.target_modules = {target};
    Adapter adapter = Adapter::fresh(gqa().config(), one, 0);
    for (const at::Tensor& tensor : adapter.tensors()) tensor.fill_(0.01F);
    EXPECT_FALSE(at::allclose(hidden(&adapter), hidden(nullptr))) << target;
  }
}

TEST(Adapter, ItsSummaryCountsTensorsAndBytes) {
  LoraShape shape;
  shape.r = 2;
  const Adapter adapter = Adapter::fresh(gqa().config(), shape, 0);
  adapter.find(0, "q_proj")->b[0][0] = 3.0F;
  adapter.find(1, "v_proj")->b[1][1] = 4.0F;
  EXPECT_EQ(adapter.b_norm(), 5.0);
  EXPECT_EQ(adapter.summary(), "adapter: 12 tensors, 0.0 MB, |B|_F = 5");
}

/// A PEFT folder of ours whose files can be spoilt.
struct Saved {
  Saved() { Adapter::fresh(gqa().config(), {}, 3).save(folder.path(), "base"); }
  void expect_refused(std::initializer_list<std::string> parts) const {
    expect_error(ExitCode::kInput, parts, [&] { Adapter::load(folder.path(), gqa().config()); });
  }
  void configure(const std::string& key, const Json& value) const {
    std::ifstream in(folder / "adapter_config.json");
    Json json = Json::parse(in);
    value.is_discarded() ? static_cast<void>(json.erase(key)) : static_cast<void>(json[key] = value);
    folder.file("adapter_config.json", json.dump());
  }
  /// Rewrites the tensors after a change of the list.
  void rewrite(const std::function<void(std::map<std::string, at::Tensor>&)>& change) const {
    std::map<std::string, at::Tensor> tensors;
    const Weights weights = Weights::open_file(folder / "adapter_model.safetensors");
    for (const auto& [key, view] : weights.tensors()) tensors[key] = weights.load(key, view.shape, at::kFloat).clone();
    change(tensors);
    std::map<std::string, TensorView> views;
    for (const auto& [key, tensor] : tensors) views.emplace(key, view_of(tensor));
    write_safetensors(folder / "adapter_model.safetensors", views);
  }
  TemporaryFolder folder;
};

TEST(Adapter, IsReadAsItWasWritten) {
  const Saved saved;
  const Adapter adapter = Adapter::load(saved.folder.path(), gqa().config()), written = Adapter::fresh(gqa().config(), {}, 3);
  for (std::size_t k = 0; k < written.tensors().size(); ++k) EXPECT_TRUE(at::equal(adapter.tensors()[k], written.tensors()[k]));
  EXPECT_EQ(adapter.shape().alpha, 16.0);
  EXPECT_EQ(adapter.shape().dropout, 0.05);
}

TEST(Adapter, SettingsThatChangeItsMeaningAreRefusedByName) {
  const std::pair<const char*, Json> refused[] = {{"use_dora", true},
                                                  {"use_rslora", true},
                                                  {"rank_pattern", {{"q_proj", 4}}},
                                                  {"alpha_pattern", {{"q_proj", 4}}},
                                                  {"modules_to_save", {"lm_head"}},
                                                  {"fan_in_fan_out", true},
                                                  {"layers_to_transform", {0}},
                                                  {"bias", "all"},
                                                  {"peft_type", "IA3"},
                                                  {"r", 0},
                                                  {"r", 2.5},
                                                  {"lora_alpha", "16"},
                                                  {"target_modules", "all-linear"},
                                                  {"target_modules", Json::array()}};
  for (const auto& [key, value] : refused) {
    const Saved saved;
    saved.configure(key, value);
    SCOPED_TRACE(key);
    saved.expect_refused({"adapter_config.json", key});
  }
}

TEST(Adapter, SettingsThatAreUnknownOrOffMeanNothing) {
  const Saved saved;
  for (const char* key : {"use_dora", "use_rslora"}) saved.configure(key, false);
  saved.configure("rank_pattern", Json::object());
  saved.configure("modules_to_save", nullptr);
  saved.configure("enable_lora", nullptr);
  saved.configure("merge_weights", false);
  saved.configure("something_new", {{"a", 1}});
  EXPECT_NO_THROW(Adapter::load(saved.folder.path(), gqa().config()));
}

TEST(Adapter, TensorsAreStrictBothWays) {
  const std::string key = "base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight";
  const Saved one, two, three;
  one.rewrite([&](auto& tensors) { tensors.erase(key); });
  one.expect_refused({key, "missing"});
  two.rewrite([&](auto& tensors) { tensors["base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight"] = tensors[key]; });
  two.expect_refused({"adapter_model.safetensors", "k_proj", "another model"});
  three.rewrite([&](auto& tensors) { tensors[key] = at::zeros({5, 8}); });
  three.expect_refused({key, "(5, 8)", "expected"});
}

TEST(Adapter, OfAnotherModelIsBadInput) {
  const LlamaConfig other = LlamaConfig::read(kGolden / "models" / "llama_mha");
  expect_error(ExitCode::kInput, {"lora_A"}, [&] { Adapter::load(kGolden / "adapters" / "llama_gqa", other); });
}

TEST(Adapter, AFileThatIsCutOrMissingIsNamed) {
  const Saved saved;
  const fs::path file = saved.folder / "adapter_model.safetensors";
  fs::resize_file(file, fs::file_size(file) / 2);
  saved.expect_refused({"adapter_model.safetensors", "truncated"});
  fs::remove(file);
  saved.expect_refused({"adapter_model.bin", "cannot open"});
  fs::remove(saved.folder / "adapter_config.json");
  saved.expect_refused({"adapter_config.json", "no such file"});
  expect_error(ExitCode::kInput, {"nowhere"}, [&] { Adapter::load(saved.folder / "nowhere", gqa().config()); });
}

}  // namespace
}  // namespace goracs
