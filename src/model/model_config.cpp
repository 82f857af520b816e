#include "model/model_config.hpp"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace goracs {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// config.json with errors that name file and key.
class ConfigFile {
 public:
  explicit ConfigFile(const fs::path& folder) : path_((folder / "config.json").string()) {
    GORACS_CHECK_INPUT(fs::is_directory(folder), "{}: no such folder", folder.string());
    std::ifstream in(path_);
    GORACS_CHECK_INPUT(in.good(), "{}: no such file", path_);
    json_ = Json::parse(in, nullptr, false);
    GORACS_CHECK_INPUT(json_.is_object(), "{}: not a JSON object", path_);
  }

  const std::string& path() const { return path_; }
  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  const Json& json() const { return json_; }

  std::int64_t count(const char* key) const {
    GORACS_CHECK_INPUT(has(key), "{}: {} is missing", path_, key);
    GORACS_CHECK_INPUT(json_[key].is_number_integer() && json_[key].get<std::int64_t>() > 0 && json_[key].get<std::int64_t>() < (1LL << 32),
                       "{}: {} is {}, expected a positive count", path_, key, json_[key].dump());
    return json_[key].get<std::int64_t>();
  }
  std::int64_t count(const char* key, std::int64_t fallback) const { return has(key) ? count(key) : fallback; }

  double number(const Json& from, const char* key, std::optional<double> fallback = {}) const {
    const bool there = from.contains(key) && !from[key].is_null();
    if (!there && fallback) return *fallback;
    GORACS_CHECK_INPUT(there, "{}: {} is missing", path_, key);
    GORACS_CHECK_INPUT(from[key].is_number(), "{}: {} is {}, expected a number", path_, key, from[key].dump());
    return from[key].get<double>();
  }

  std::string text(const Json& from, const char* key, const std::string& fallback) const {
    if (!from.contains(key) || from[key].is_null()) return fallback;
    GORACS_CHECK_INPUT(from[key].is_string(), "{}: {} is {}, expected text", path_, key, from[key].dump());
    return from[key].get<std::string>();
  }

  std::string required_text(const char* key) const {
    GORACS_CHECK_INPUT(has(key), "{}: {} is missing", path_, key);
    return text(json_, key, "");
  }

  bool flag(const char* key, bool fallback) const {
    if (!has(key)) return fallback;
    GORACS_CHECK_INPUT(json_[key].is_boolean(), "{}: {} is {}, expected true or false", path_, key, json_[key].dump());
    return json_[key].get<bool>();
  }

  /// Each name in `architectures` (if any are given) begins with one of these.
  void check_architecture(std::initializer_list<std::string_view> allowed, std::string_view expected) const {
    if (!has("architectures")) return;
    GORACS_CHECK_INPUT(json_["architectures"].is_array(), "{}: architectures is {}, expected a list of names", path_,
                       json_["architectures"].dump());
    for (const Json& name : json_["architectures"]) {
      const std::string text = name.is_string() ? name.get<std::string>() : name.dump();
      const bool known = std::any_of(allowed.begin(), allowed.end(), [&](std::string_view start) { return text.starts_with(start); });
      GORACS_CHECK_INPUT(known, "{}: architecture '{}' is not supported, expected {}", path_, text, expected);
    }
  }

  void refuse(const char* key) const { GORACS_CHECK_INPUT(!has(key), "{}: {} is given, which is not supported", path_, key); }

 private:
  std::string path_;
  Json json_;
};

/// The object that holds rope_theta and the scaling: `rope_parameters` in the form of transformers 5, the top level and `rope_scaling` before.
void read_rope(const ConfigFile& file, LlamaConfig& config) {
  const Json& json = file.json();
  const bool new_form = file.has("rope_parameters");
  Json scaling = Json::object();
  if (new_form) {
    scaling = json["rope_parameters"];
  } else if (file.has("rope_scaling")) {
    scaling = json["rope_scaling"];
  }
  GORACS_CHECK_INPUT(scaling.is_object(), "{}: {} is no object", file.path(), new_form ? "rope_parameters" : "rope_scaling");
  const double top_level_theta = file.number(json, "rope_theta", 10000.0);
  config.rope_theta = new_form ? file.number(scaling, "rope_theta", top_level_theta) : top_level_theta;
  GORACS_CHECK_INPUT(config.rope_theta > 0, "{}: rope_theta must be positive", file.path());
  const std::string type = file.text(scaling, "rope_type", file.text(scaling, "type", "default"));
  if (type == "default") return;
  GORACS_CHECK_INPUT(type == "llama3", "{}: rope scaling of type '{}' is not supported (only llama3)", file.path(), type);
  Llama3RopeScaling llama3;
  llama3.factor = file.number(scaling, "factor");
  llama3.low_freq_factor = file.number(scaling, "low_freq_factor");
  llama3.high_freq_factor = file.number(scaling, "high_freq_factor");
  llama3.original_max_position_embeddings = file.number(scaling, "original_max_position_embeddings");
  config.rope_scaling = llama3;
}

}  // namespace

LlamaConfig LlamaConfig::read(const fs::path& folder) {
  const ConfigFile file(folder);
  const std::string type = file.required_text("model_type");
  GORACS_CHECK_INPUT(type == "llama", "{}: model_type '{}' is not supported, expected llama", file.path(), type);
  file.check_architecture({"LlamaForCausalLM", "LLaMAForCausalLM", "LlamaModel"}, "LlamaForCausalLM");
  file.refuse("quantization_config");
  const std::string activation = file.text(file.json(), "hidden_act", "silu");
  GORACS_CHECK_INPUT(activation == "silu", "{}: hidden_act '{}' is not supported, expected silu", file.path(), activation);
  for (const char* bias : {"attention_bias", "mlp_bias"})
    GORACS_CHECK_INPUT(!file.flag(bias, false), "{}: {} is true, which is not supported", file.path(), bias);

  LlamaConfig config;
  config.vocab_size = file.count("vocab_size");
  config.hidden_size = file.count("hidden_size");
  config.intermediate_size = file.count("intermediate_size");
  config.num_layers = file.count("num_hidden_layers");
  config.num_heads = file.count("num_attention_heads");
  config.num_key_value_heads = file.count("num_key_value_heads", config.num_heads);
  GORACS_CHECK_INPUT(config.num_heads % config.num_key_value_heads == 0, "{}: {} attention heads are no multiple of num_key_value_heads {}",
                     file.path(), config.num_heads, config.num_key_value_heads);
  config.head_dim = file.count("head_dim", config.hidden_size / config.num_heads);
  GORACS_CHECK_INPUT(config.head_dim > 0 && config.head_dim % 2 == 0, "{}: head_dim {} must be even", file.path(), config.head_dim);
  config.rms_norm_eps = file.number(file.json(), "rms_norm_eps", 1e-6);
  config.tie_word_embeddings = file.flag("tie_word_embeddings", false);
  config.stored_dtype = file.text(file.json(), "dtype", file.text(file.json(), "torch_dtype", ""));
  read_rope(file, config);
  return config;
}

EncoderConfig EncoderConfig::read(const fs::path& folder) {
  const ConfigFile file(folder);
  const std::string type = file.required_text("model_type");
  GORACS_CHECK_INPUT(type == "bert" || type == "roberta", "{}: model_type '{}' is not supported, expected bert or roberta", file.path(),
                     type);
  file.check_architecture({type == "bert" ? "Bert" : "Roberta"}, type == "bert" ? "one of BERT's" : "one of RoBERTa's");
  file.refuse("quantization_config");
  GORACS_CHECK_INPUT(!file.flag("is_decoder", false), "{}: is_decoder is true, expected an encoder", file.path());
  const std::string activation = file.text(file.json(), "hidden_act", "gelu");
  GORACS_CHECK_INPUT(activation == "gelu", "{}: hidden_act '{}' is not supported, expected gelu", file.path(), activation);
  const std::string positions = file.text(file.json(), "position_embedding_type", "absolute");
  GORACS_CHECK_INPUT(positions == "absolute", "{}: position_embedding_type '{}' is not supported, expected absolute", file.path(),
                     positions);

  EncoderConfig config;
  config.kind = type == "roberta" ? EncoderKind::kRoberta : EncoderKind::kBert;
  config.vocab_size = file.count("vocab_size");
  config.hidden_size = file.count("hidden_size");
  config.intermediate_size = file.count("intermediate_size");
  config.num_layers = file.count("num_hidden_layers");
  config.num_heads = file.count("num_attention_heads");
  GORACS_CHECK_INPUT(config.hidden_size % config.num_heads == 0, "{}: hidden_size {} is no multiple of {} heads", file.path(),
                     config.hidden_size, config.num_heads);
  config.max_position_embeddings = file.count("max_position_embeddings");
  config.type_vocab_size = file.count("type_vocab_size", 2);
  config.layer_norm_eps = file.number(file.json(), "layer_norm_eps", 1e-12);
  const double pad = file.number(file.json(), "pad_token_id", config.kind == EncoderKind::kRoberta ? 1.0 : 0.0);
  GORACS_CHECK_INPUT(pad >= 0 && pad < static_cast<double>(config.vocab_size), "{}: pad_token_id {} is not in the vocabulary", file.path(),
                     pad);
  config.pad_token_id = static_cast<std::int64_t>(pad);
  return config;
}

}  // namespace goracs
