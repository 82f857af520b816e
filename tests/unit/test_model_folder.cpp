// Hugging Face folders: what config.json and the weight files must say, and which errors name what is wrong.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/encoder.hpp"
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

const fs::path kModels = test::source_root() / "tests" / "golden" / "models";

const Json kLlama = {{"model_type", "llama"},  {"vocab_size", 100},        {"hidden_size", 48},   {"intermediate_size", 64},
                     {"num_hidden_layers", 2}, {"num_attention_heads", 4}, {"rms_norm_eps", 1e-5}};
const Json kRoberta = {{"model_type", "roberta"},       {"vocab_size", 100},      {"hidden_size", 48},
                       {"intermediate_size", 64},       {"num_hidden_layers", 2}, {"num_attention_heads", 4},
                       {"max_position_embeddings", 66}, {"pad_token_id", 1}};

LlamaConfig llama_from(const Json& json) {
  const TemporaryFolder folder;
  folder.file("config.json", json.dump());
  return LlamaConfig::read(folder.path());
}
EncoderConfig encoder_from(const Json& json) {
  const TemporaryFolder folder;
  folder.file("config.json", json.dump());
  return EncoderConfig::read(folder.path());
}
Json with(Json json, const std::string& key, const Json& value) {
  json[key] = value;
  return json;
}

TEST(ModelFolder, LlamaKeysThatAreMissingHaveTheirOldMeaning) {
  const LlamaConfig config = llama_from(kLlama);
  EXPECT_EQ(config.num_key_value_heads, 4);
  EXPECT_EQ(config.head_dim, 12);
  EXPECT_EQ(config.rope_theta, 10000.0);
  EXPECT_FALSE(config.tie_word_embeddings);
  EXPECT_FALSE(config.rope_scaling.has_value());
  EXPECT_EQ(llama_from(with(kLlama, "head_dim", 20)).head_dim, 20);
  EXPECT_EQ(llama_from(with(kLlama, "rope_scaling", nullptr)).rope_theta, 10000.0);
}

TEST(ModelFolder, RopeIsReadFromBothFormsOfConfig) {
  const Json scaling = {{"factor", 8.0}, {"low_freq_factor", 1.0}, {"high_freq_factor", 4.0}, {"original_max_position_embeddings", 8192}};
  Json old_form = with(with(kLlama, "rope_theta", 5e5), "rope_scaling", scaling), new_form = with(kLlama, "rope_parameters", scaling);
  old_form["rope_scaling"]["type"] = "llama3";  // older files call it so
  new_form["rope_parameters"]["rope_type"] = "llama3";
  new_form["rope_parameters"]["rope_theta"] = 5e5;
  for (const Json& json : {old_form, new_form}) {
    const LlamaConfig config = llama_from(json);
    EXPECT_EQ(config.rope_theta, 5e5);
    ASSERT_TRUE(config.rope_scaling.has_value());
    EXPECT_EQ(config.rope_scaling->factor, 8.0);
    EXPECT_EQ(config.rope_scaling->original_max_position_embeddings, 8192.0);
  }
  EXPECT_EQ(llama_from(with(kLlama, "rope_parameters", {{"rope_type", "default"}, {"rope_theta", 7.0}})).rope_theta, 7.0);
}

TEST(ModelFolder, EveryRequiredKeyIsNamedWhenItIsMissing) {
  for (const char* key : {"model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"}) {
    Json json = kLlama, encoder = kRoberta;
    json.erase(key);
    encoder.erase(key);
    expect_error(ExitCode::kInput, {"config.json", key, "missing"}, [&] { llama_from(json); });
    expect_error(ExitCode::kInput, {"config.json", key, "missing"}, [&] { encoder_from(encoder); });
  }
}

TEST(ModelFolder, WhatIsNotSupportedIsRefusedByName) {
  const auto refused = [](const std::string& key, const Json& value) {
    SCOPED_TRACE(key);
    expect_error(ExitCode::kInput, {"config.json", key == "architectures" ? "architecture" : key},
                 [&] { llama_from(with(kLlama, key, value)); });
  };
  refused("model_type", "mistral");
  refused("architectures", {"MistralForCausalLM"});
  refused("architectures", {"LlamaForSequenceClassification"});
  refused("hidden_act", "gelu");
  refused("attention_bias", true);
  refused("mlp_bias", true);
  refused("quantization_config", {{"bits", 4}});
  refused("hidden_size", "48");
  refused("hidden_size", -48);
  refused("hidden_size", 18446744073709551615ULL);
  refused("num_key_value_heads", 3);
  refused("head_dim", 7);
  expect_error(ExitCode::kInput, {"yarn"}, [] { llama_from(with(kLlama, "rope_scaling", {{"rope_type", "yarn"}, {"factor", 2.0}})); });
  expect_error(ExitCode::kInput, {"low_freq_factor", "missing"},
               [] { llama_from(with(kLlama, "rope_scaling", {{"rope_type", "llama3"}, {"factor", 2.0}})); });
  expect_error(ExitCode::kInput, {"xlm-roberta"}, [] { encoder_from(with(kRoberta, "model_type", "xlm-roberta")); });
  expect_error(ExitCode::kInput, {"position_embedding_type"},
               [] { encoder_from(with(kRoberta, "position_embedding_type", "relative_key")); });
  expect_error(ExitCode::kInput, {"is_decoder"}, [] { encoder_from(with(kRoberta, "is_decoder", true)); });
  expect_error(ExitCode::kInput, {"DistilBertModel"}, [] { encoder_from(with(kRoberta, "architectures", {"DistilBertModel"})); });
}

TEST(ModelFolder, RobertaLosesTwoPositionsToPadding) {
  EXPECT_EQ(encoder_from(kRoberta).max_length(), 64);
  EXPECT_EQ(encoder_from(with(with(kRoberta, "model_type", "bert"), "pad_token_id", 0)).max_length(), 66);
}

TEST(ModelFolder, AFolderThatDoesNotLoadIsAnErrorThatNamesIt) {
  const TemporaryFolder folder;
  expect_error(ExitCode::kInput, {(folder / "nowhere").string(), "no such folder"}, [&] { Llama::load(folder / "nowhere", at::kFloat); });
  expect_error(ExitCode::kInput, {"config.json", "no such file"}, [&] { Llama::load(folder.path(), at::kFloat); });
  folder.file("config.json", "{ broken");
  expect_error(ExitCode::kInput, {"config.json", "not a JSON object"}, [&] { Llama::load(folder.path(), at::kFloat); });
  folder.file("config.json", kLlama.dump());
  expect_error(ExitCode::kInput, {folder.path().string(), "no weights here"}, [&] { Llama::load(folder.path(), at::kFloat); });
  folder.file("model.safetensors", "short");
  expect_error(ExitCode::kInput, {"model.safetensors", "truncated"}, [&] { Llama::load(folder.path(), at::kFloat); });
}

/// A copy of a golden folder whose config or weights can be spoilt.
struct Copy {
  explicit Copy(const std::string& name) {
    fs::copy(kModels / name, folder.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }
  void edit(const std::string& file, const std::function<void(Json&)>& change) const {
    std::ifstream in(folder / file);
    Json json = Json::parse(in);
    change(json);
    folder.file(file, json.dump());
  }
  TemporaryFolder folder;
};

TEST(ModelFolder, TensorsMustFitTheConfig) {
  const Copy copy("llama_mha");
  const auto fails_with = [&](std::initializer_list<std::string> parts) {
    expect_error(ExitCode::kInput, parts, [&] { Llama::load(copy.folder.path(), at::kFloat); });
  };
  std::int64_t layers = 0, width = 0;
  copy.edit("config.json", [&](Json& json) {
    layers = json["num_hidden_layers"];
    width = json["intermediate_size"];
    json["num_hidden_layers"] = layers + 1;
  });
  fails_with({copy.folder.path().string(), "model.layers." + std::to_string(layers) + ".", "missing"});
  copy.edit("config.json", [&](Json& json) { json["num_hidden_layers"] = layers - 1; });
  fails_with({"model.layers." + std::to_string(layers - 1) + ".", "no layer that config.json describes"});
  copy.edit("config.json", [&](Json& json) {
    json["num_hidden_layers"] = layers;
    json["intermediate_size"] = width + 2;
  });
  fails_with({"gate_proj.weight", "shape", "expected"});
}

TEST(ModelFolder, ShardsAreThoseOfTheIndexAndNoOthers) {
  const Copy copy("llama_sharded");
  const std::string index = "model.safetensors.index.json";
  const auto fails_with = [&](std::initializer_list<std::string> parts) {
    expect_error(ExitCode::kInput, parts, [&] { Llama::load(copy.folder.path(), at::kFloat); });
  };
  Llama::load(copy.folder.path(), at::kFloat);
  std::string shard;
  copy.edit(index, [&](Json& json) {
    shard = json["weight_map"]["model.norm.weight"];
    json["weight_map"]["model.extra"] = shard;
  });
  fails_with({index, "model.extra", shard});
  copy.edit(index, [&](Json& json) { json["weight_map"]["model.extra"] = "../" + shard; });
  fails_with({index, "beside the index"});
  copy.edit(index, [&](Json& json) { json["weight_map"].erase("model.extra"); });
  fs::resize_file(copy.folder / shard, fs::file_size(copy.folder / shard) - 1);
  fails_with({shard, "truncated"});
  fs::remove(copy.folder / shard);
  fails_with({shard, "cannot open"});
  copy.folder.file(index, R"({"metadata": {}})");
  fails_with({index, "weight_map"});
}

TEST(ModelFolder, WeightsOfTheWantedTypeStayInTheMapping) {
  const Weights weights = Weights::open_folder(kModels / "llama_mha");
  const auto& [key, view] = *weights.tensors().begin();
  EXPECT_EQ(weights.load(key, view.shape, at::kFloat).const_data_ptr(), static_cast<const void*>(view.bytes.data()));
  const at::Tensor converted = weights.load(key, view.shape, at::kBFloat16);
  EXPECT_NE(converted.const_data_ptr(), static_cast<const void*>(view.bytes.data()));
  EXPECT_EQ(converted.scalar_type(), at::kBFloat16);
  expect_error(ExitCode::kInput, {"no.such.tensor", "missing"}, [&] { weights.load("no.such.tensor", {1}, at::kFloat); });
}

TEST(ModelFolder, AMappedTensorOutlivesItsReader) {
  at::Tensor kept;
  double sum = 0;
  {
    const Weights weights = Weights::open_folder(kModels / "llama_mha");
    const auto& [key, view] = *weights.tensors().begin();
    kept = weights.load(key, view.shape, at::kFloat);
    sum = kept.sum().item<double>();
  }
  EXPECT_EQ(kept.sum().item<double>(), sum);
}

TEST(ModelFolder, DataBehindAHeaderOfOddLengthIsReadAllTheSame) {
  const TemporaryFolder folder;
  const std::string header = R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}  )";
  ASSERT_NE(header.size() % 4, 0U);
  const std::uint64_t length = header.size();
  const float values[] = {1.5F, -2.0F, 3.25F};
  folder.file("odd.safetensors",
              std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(reinterpret_cast<const char*>(values), 12));
  const at::Tensor a = Weights::open_file(folder / "odd.safetensors").load("a", {3}, at::kFloat);
  EXPECT_TRUE(at::equal(a, at::tensor({1.5F, -2.0F, 3.25F})));
}

TEST(ModelFolder, WhatDoesNotFitIntoMemoryIsRefusedBeforeItIsLoaded) {
  // a sparse file: a terabyte of float32 by its header, a few blocks on disk
  const TemporaryFolder folder;
  constexpr std::uint64_t kElements = 1ULL << 38, kBytes = 4 * kElements;
  const Json header = {{"a", {{"dtype", "F32"}, {"shape", {kElements}}, {"data_offsets", {0, kBytes}}}}};
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  const fs::path file = folder.file("huge.safetensors", std::string(reinterpret_cast<const char*>(&length), 8) + text);
  std::error_code refused;
  fs::resize_file(file, 8 + length + kBytes, refused);
  ASSERT_FALSE(refused) << file << ": the file system must hold a sparse file of a terabyte: " << refused.message();
  const Weights weights = Weights::open_file(file);
  EXPECT_EQ(weights.footprint(at::kFloat).mapped, static_cast<std::int64_t>(kBytes));
  EXPECT_EQ(weights.footprint(at::kBFloat16).converted, static_cast<std::int64_t>(kBytes / 2));
  expect_error(ExitCode::kUsage, {folder.path().string(), "1099.5 GB", "memory"},
               [&] { weights.check_fits(weights.footprint(at::kFloat), 1, at::kFloat); });
  expect_error(ExitCode::kUsage, {"549.8 GB held by each of 3 ranks"},
               [&] { weights.check_fits(weights.footprint(at::kBFloat16), 3, at::kBFloat16); });
}

TEST(ModelFolder, SeveralRanksConvertOncePerRankButMapOnce) {
  const Weights weights = Weights::open_folder(kModels / "llama_bf16");
  EXPECT_EQ(weights.footprint(at::kBFloat16).converted, 0);
  EXPECT_EQ(weights.footprint(at::kFloat).mapped, 0);
  EXPECT_EQ(weights.footprint(at::kFloat).converted, 2 * weights.footprint(at::kBFloat16).mapped);
  EXPECT_NO_THROW(weights.check_fits(weights.footprint(at::kFloat), 2, at::kFloat));
}

}  // namespace
}  // namespace goracs
