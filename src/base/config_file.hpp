#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/stage.hpp"

namespace goracs {

/// What a config is made from: a YAML text (`file` names it in errors) and --set key=value in order, the last one wins.
struct ConfigSource {
  std::string file, text;
  std::vector<std::string> settings;
};

/// A config with where each value came from: "default", "games.yaml:12", "--set".
struct LoadedConfig {
  Config values;
  std::map<std::string, std::string> origin;
};

/// Parses, checks and resolves a config. All mistakes are found at once, one a line, as
///   games.yaml:12:7: finetune.lerning_rate: unknown key, did you mean finetune.learning_rate?
/// Errors: kUsage with all of them.
LoadedConfig load_config(const ConfigSource& source);

/// All defaults for a task; what must be given is empty.
Config default_config(const std::string& task);

/// The same with --set key=value over them, in order; nothing else has to be given. For selection on one's own arrays.
/// Errors: kUsage with all mistakes.
LoadedConfig default_config(const std::string& task, const std::vector<std::string>& settings);

/// Inputs that the config names and that do not exist, one sentence each with the place it stands.
std::vector<std::string> missing_paths(const LoadedConfig& config);

/// The whole config as YAML, every value with its origin; reads back as the same config.
std::string resolved_yaml(const LoadedConfig& config);

/// The parameters that can change the results of `stage`, or without one all, with type, default, range and meaning; for --help and the
/// reference page.
std::string parameter_reference(std::optional<Stage> stage = std::nullopt);

/// key -> value of all parameters that can change the results of `stage`. Paths stand as text.
nlohmann::json stage_keys(const Config& config, Stage stage);
/// The same over all stages: what the config's hash is taken of.
nlohmann::json result_keys(const Config& config);
/// 64 hex digits of the canonical JSON (sorted keys, no spaces) of result_keys.
std::string config_sha256(const Config& config);

/// Keys among stage_keys whose values name files or folders: a stage's hash takes their contents.
std::vector<std::string> path_keys(const Config& config, Stage stage);

}  // namespace goracs
