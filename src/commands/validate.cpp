#include "commands/validate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <functional>
#include <optional>

#include "data/prompt_template.hpp"
#include "model/model_config.hpp"

namespace goracs {

namespace {

/// What is wrong with an input, if anything; all inputs are looked at before the first error ends the program.
std::optional<Error> error_of(const std::function<void()>& look) {
  try {
    look();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

/// That there is one; reading it takes longer than the whole of `validate` may.
void check_tokenizer(const std::filesystem::path& folder) {
  const bool is_there = std::filesystem::exists(folder / "tokenizer.model") || std::filesystem::exists(folder / "tokenizer.json");
  GORACS_CHECK_INPUT(is_there, "{}: neither tokenizer.model nor tokenizer.json in it", folder.string());
}

/// Reads what says how the models are made, not their weights.
void look_at_models(const Config& config) {
  std::vector<std::string> texts;
  ExitCode code = ExitCode::kDone;
  for (const auto& look : {std::function<void()>([&] { LlamaConfig::read(config.model.path); }),
                           std::function<void()>([&] { EncoderConfig::read(config.encoder.path); }),
                           std::function<void()>([&] { check_tokenizer(config.model.path); }),
                           std::function<void()>([&] { check_tokenizer(config.encoder.path); }),
                           std::function<void()>([&] { PromptTemplate::named(config.prompt.template_name); })})
    if (const std::optional<Error> error = error_of(look)) {
      texts.emplace_back(error->what());
      code = error->code();
    }
  if (!texts.empty()) fail(code, "{}", fmt::join(texts, "\n"));
}

}  // namespace

void validate(const LoadedConfig& config) {
  const std::vector<std::string> missing = missing_paths(config);
  GORACS_CHECK_USAGE(missing.empty(), "{}", fmt::join(missing, "\n"));
  look_at_models(config.values);
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
