// Adapters as PEFT folders: adapter_config.json and adapter_model.safetensors (or .bin of early PEFT).
#include <fcntl.h>
#include <unistd.h>

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "model/adapter.hpp"
#include "model/safetensors.hpp"
#include "model/weights.hpp"

namespace goracs {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// Settings that change what the tensors mean. They are refused unless null, false or empty; `bias` must be "none".
constexpr const char* kRefused[] = {"use_dora",
                                    "use_rslora",
                                    "rank_pattern",
                                    "alpha_pattern",
                                    "modules_to_save",
                                    "fan_in_fan_out",
                                    "layers_to_transform",
                                    "layers_pattern",
                                    "layer_replication",
                                    "trainable_token_indices",
                                    "target_parameters",
                                    "lora_bias",
                                    "use_qalora",
                                    "use_bdlora",
                                    "exclude_modules",
                                    "alora_invocation_tokens",
                                    "arrow_config"};

bool means_nothing(const Json& value) {
  return value.is_null() || (value.is_boolean() && !value.get<bool>()) || (value.is_structured() && value.empty());
}

double positive_number(const Json& json, const char* key, const std::string& path) {
  GORACS_CHECK_INPUT(json.contains(key) && json[key].is_number() && json[key].get<double>() > 0, "{}: {} must be a positive number", path,
                     key);
  return json[key].get<double>();
}

LoraShape read_shape(const fs::path& file) {
  std::ifstream in(file);
  const std::string path = file.string();
  GORACS_CHECK_INPUT(in.good(), "{}: no such file (an adapter is a PEFT folder)", path);
  const Json json = Json::parse(in, nullptr, false);
  GORACS_CHECK_INPUT(json.is_object(), "{}: not a JSON object", path);
  const Json type = json.value("peft_type", Json("LORA"));
  GORACS_CHECK_INPUT(type == "LORA", "{}: peft_type {} is not supported, expected \"LORA\"", path, type.dump());
  for (const char* key : kRefused)
    GORACS_CHECK_INPUT(!json.contains(key) || means_nothing(json[key]), "{}: {} is {}, which is not supported", path, key,
                       json[key].dump());
  const Json bias = json.value("bias", Json("none"));
  GORACS_CHECK_INPUT(bias == "none", "{}: bias is {}, which is not supported", path, bias.dump());

  LoraShape shape;
  GORACS_CHECK_INPUT(json.contains("r") && json["r"].is_number_integer(), "{}: r must be a positive count", path);
  constexpr double kMostRank = 1 << 20;
  const double rank = positive_number(json, "r", path);
  GORACS_CHECK_INPUT(rank <= kMostRank, "{}: r is {}, which is no rank of an adapter", path, rank);
  shape.r = static_cast<std::int64_t>(rank);
  shape.alpha = positive_number(json, "lora_alpha", path);
  const Json dropout = json.value("lora_dropout", Json(0.0));
  GORACS_CHECK_INPUT(dropout.is_number(), "{}: lora_dropout is {}, expected a number", path, dropout.dump());
  shape.dropout = dropout.get<double>();
  GORACS_CHECK_INPUT(json.contains("target_modules") && json["target_modules"].is_array() && !json["target_modules"].empty(),
                     "{}: target_modules must be a list of module names", path);
  shape.target_modules.clear();
  for (const Json& target : json["target_modules"]) {
    GORACS_CHECK_INPUT(target.is_string(), "{}: target_modules holds {}, expected names", path, target.dump());
    // matched by the last part of the module's name
    const auto name = target.get<std::string>();
    shape.target_modules.push_back(name.substr(name.rfind('.') + 1));
  }
  std::set<std::string> distinct(shape.target_modules.begin(), shape.target_modules.end());
  shape.target_modules.assign(distinct.begin(), distinct.end());
  return shape;
}

void sync(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  GORACS_CHECK_IO(file >= 0, "{}: cannot open: {}", path.string(), std::strerror(errno));
  const bool done = ::fsync(file) == 0;
  const int reason = errno;
  ::close(file);
  GORACS_CHECK_IO(done, "{}: cannot flush to disk: {}", path.string(), std::strerror(reason));
}

}  // namespace

Adapter Adapter::load(const fs::path& folder, const LlamaConfig& model) {
  GORACS_CHECK_INPUT(fs::is_directory(folder), "{}: no such adapter folder", folder.string());
  Adapter adapter = empty(model, read_shape(folder / "adapter_config.json"));
  const bool pickled = !fs::exists(folder / "adapter_model.safetensors");
  const fs::path file = folder / (pickled ? "adapter_model.bin" : "adapter_model.safetensors");
  const Weights weights = Weights::open_file(file);

  const auto names = adapter.names();
  const auto tensors = adapter.tensors();
  const std::set<std::string> known(names.begin(), names.end());
  for (const auto& [key, view] : weights.tensors())
    GORACS_CHECK_INPUT(known.contains(key), "{}: tensor '{}' belongs to no adapted module of this model (an adapter of another model?)",
                       file.string(), key);
  for (std::size_t k = 0; k < names.size(); ++k) tensors[k].copy_(weights.load(names[k], tensors[k].sizes().vec(), at::kFloat));
  return adapter;
}

void Adapter::save(const fs::path& folder, const std::string& base_model) const {
  fs::create_directories(folder);
  const Json config = {{"peft_type", "LORA"},
                       {"task_type", "CAUSAL_LM"},
                       {"base_model_name_or_path", base_model},
                       {"r", shape_.r},
                       {"lora_alpha", shape_.alpha},
                       {"lora_dropout", shape_.dropout},
                       {"target_modules", shape_.target_modules},
                       {"bias", "none"},
                       {"fan_in_fan_out", false},
                       {"inference_mode", true},
                       {"init_lora_weights", true},
                       {"modules_to_save", nullptr}};
  const fs::path config_file = folder / "adapter_config.json", weight_file = folder / "adapter_model.safetensors";
  {
    std::ofstream out(config_file);
    out << config.dump(2) << '\n';
    out.flush();
    GORACS_CHECK_IO(out.good(), "{}: cannot write: {}", config_file.string(), std::strerror(errno));
  }

  std::map<std::string, TensorView> views;
  std::vector<at::Tensor> kept;  // the views point into these
  const auto names = this->names();
  const auto values = tensors();
  for (std::size_t k = 0; k < names.size(); ++k) {
    kept.push_back(values[k].detach().to(at::kCPU).contiguous());
    views.emplace(names[k], view_of(kept.back()));
  }
  write_safetensors(weight_file, views);
  sync(config_file);
  sync(weight_file);

  const Weights written = Weights::open_file(weight_file);
  for (std::size_t k = 0; k < names.size(); ++k)
    GORACS_CHECK_IO(at::equal(written.load(names[k], kept[k].sizes().vec(), at::kFloat), kept[k]),
                    "{}: tensor '{}' was not written as it is", weight_file.string(), names[k]);
}

}  // namespace goracs
