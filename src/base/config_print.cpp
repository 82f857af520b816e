#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/config_fields.hpp"
#include "base/config_file.hpp"
#include "base/sha256.hpp"

namespace goracs {
namespace {

struct JsonValue {
  nlohmann::json operator()(const std::filesystem::path* v) const { return v->string(); }
  template <class T>
  nlohmann::json operator()(const std::optional<T>* v) const {
    return *v ? nlohmann::json(**v) : nlohmann::json("auto");
  }
  template <class T>
  nlohmann::json operator()(const T* v) const {
    return *v;
  }
};

bool draws_at_random(const std::string& method) { return method == "random" || method == "ccs"; }

/// A key that this config's stage never looks at, though another config's would.
bool is_idle(const Config& config, Stage stage, const std::string& key) {
  if (stage == Stage::kEmbed && config.is_ctrpre()) return key.starts_with("model.");  // items are embedded for seqrec alone
  if (stage == Stage::kSelect && key == "seed") return !draws_at_random(config.select.method);
  if (stage == Stage::kEvaluate && key == "model.adapter") return config.evaluate.adapter != "start";
  if (stage == Stage::kEmbed || stage == Stage::kPrepare || stage == Stage::kGrads || stage == Stage::kEvaluate) return key == "seed";
  return false;
}

bool is_path(const Parameter& parameter) {
  if (std::holds_alternative<std::filesystem::path*>(parameter.value)) return !std::get<std::filesystem::path*>(parameter.value)->empty();
  const auto& choices = parameter.range.choices;
  return parameter.range.or_path && std::find(choices.begin(), choices.end(), *std::get<std::string*>(parameter.value)) == choices.end();
}

std::string section_of(const std::string& key) {
  const std::size_t dot = key.find('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

/// Calls `visit` with all parameters of a copy, so that a constant config can be read through them.
template <class Visit>
void each_parameter(const Config& config, Visit visit) {
  Config copy = config;
  for (const Parameter& parameter : parameters_of(copy)) visit(parameter);
}

}  // namespace

std::string resolved_yaml(const LoadedConfig& config) {
  constexpr std::size_t kOriginColumn = 56;
  std::string yaml, section;
  each_parameter(config.values, [&](const Parameter& parameter) {
    const std::string own = section_of(parameter.key);
    if (own != section) yaml += own + ":\n";
    section = own;
    std::string line = own.empty() ? parameter.key : "  " + parameter.key.substr(own.size() + 1);
    line += ": " + parameter.text();
    if (line.size() < kOriginColumn) line.resize(kOriginColumn, ' ');
    yaml += line + "  # " + config.origin.at(parameter.key) + "\n";
  });
  return yaml;
}

std::string parameter_reference(std::optional<Stage> stage) {
  std::string text;
  each_parameter(Config{}, [&](const Parameter& parameter) {
    if (stage && !parameter.stages.contains(*stage)) return;
    const Default& initial = parameter.initial;
    const std::string value = initial.required                   ? "required"
                              : initial.unset                    ? "none"
                              : initial.seqrec == initial.ctrpre ? initial.seqrec
                                                                 : fmt::format("{} (seqrec), {} (ctrpre)", initial.seqrec, initial.ctrpre);
    const std::string range = parameter.range.text();
    text += fmt::format("  {}\n      {} [{}]; {}{}\n", parameter.key, parameter.meaning, value, parameter.type(),
                        range.empty() ? "" : ", " + range);
  });
  return text;
}

nlohmann::json stage_keys(const Config& config, Stage stage) {
  nlohmann::json keys = nlohmann::json::object();
  each_parameter(config, [&](const Parameter& parameter) {
    if (parameter.stages.contains(stage) && !is_idle(config, stage, parameter.key))
      keys[parameter.key] = std::visit(JsonValue{}, parameter.value);
  });
  return keys;
}

nlohmann::json result_keys(const Config& config) {
  nlohmann::json keys = nlohmann::json::object();
  each_parameter(config, [&](const Parameter& parameter) {
    if (!parameter.stages.empty()) keys[parameter.key] = std::visit(JsonValue{}, parameter.value);
  });
  return keys;
}

std::string config_sha256(const Config& config) { return sha256_hex(result_keys(config).dump()); }

std::vector<std::string> path_keys(const Config& config, Stage stage) {
  std::vector<std::string> keys;
  each_parameter(config, [&](const Parameter& parameter) {
    if (parameter.stages.contains(stage) && !is_idle(config, stage, parameter.key) && is_path(parameter)) keys.push_back(parameter.key);
  });
  return keys;
}

}  // namespace goracs
