#include "commands/validate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

namespace goracs {

void validate(const LoadedConfig& config) {
  const std::vector<std::string> missing = missing_paths(config);
  GORACS_CHECK_USAGE(missing.empty(), "{}", fmt::join(missing, "\n"));
  fmt::print("config and inputs are right: {} on {}, run {}\n", config.values.task, config.values.data.name, config.values.run.name);
}

Verb validate_verb() {
  Verb verb;
  verb.name = "validate";
  verb.summary = "check a config and the inputs that it names: every mistake at once";
  verb.on_ranks = [] { return false; };
  verb.run = [](const CommonOptions& options, World& world) {
    validate(load_config(options, world.communicator()));
    return ExitCode::kDone;
  };
  return verb;
}

}  // namespace goracs
