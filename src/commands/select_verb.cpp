#include "commands/select_verb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "comm/agreement.hpp"
#include "commands/select_arrays.hpp"
#include "commands/stage_verbs.hpp"

namespace goracs {
namespace {

struct SelectFlags {
  SelectionArrays arrays;
  /// Flags that are short for --set select.KEY=VALUE.
  std::vector<std::pair<std::string, std::string>> short_for = {
      {"method", ""}, {"budget", ""}, {"lambda", ""}, {"max_exchanges", ""}, {"exchange_candidates", ""}};

  std::vector<std::string> settings(const CommonOptions& options) const {
    std::vector<std::string> all = options.settings;
    for (const auto& [key, value] : short_for)
      if (!value.empty()) all.push_back("select." + key + "=" + value);
    return all;
  }
};

void declare(Flags& declared, SelectFlags& flags) {
  declared.heading("Selection on arrays of your own (FILE.npy or FILE.h5:/DATASET), without a config");
  declared.text("--train-embeddings", "ARRAY", flags.arrays.train_embeddings, "(N, d) embeddings of the pool");
  declared.text("--valid-embeddings", "ARRAY", flags.arrays.valid_embeddings, "(M, d) embeddings of the validation set");
  declared.text("--gradient-norms", "ARRAY", flags.arrays.gradient_norms, "(N) gradient norms; not needed with --lambda 0");
  declared.text("--train-labels", "ARRAY", flags.arrays.train_labels, "(N) classes as whole numbers: each class is selected apart");
  declared.text("--valid-labels", "ARRAY", flags.arrays.valid_labels, "(M) classes");
  declared.text("--out", "FILE.h5", flags.arrays.out, "where the coreset is written");
  declared.heading("Settings");
  for (auto& [key, value] : flags.short_for) {
    std::string flag = "--" + key;
    std::replace(flag.begin(), flag.end(), '_', '-');
    declared.text(flag, "VALUE", value, "short for --set select." + key + "=...");
  }
}

}  // namespace

Verb select_verb() {
  const auto flags = std::make_shared<SelectFlags>();
  Verb verb = stage_verb(Stage::kSelect);
  const Verb stage = verb;
  verb.options = [flags, stage](Flags& declared) {
    stage.options(declared);
    declare(declared, *flags);
  };
  verb.run = [flags, stage](const CommonOptions& options, World& world) {
    CommonOptions own = options;
    own.settings = flags->settings(options);
    if (!flags->arrays.any()) return stage.run(own, world);
    LoadedConfig config;
    together(world.communicator(), [&] {
      GORACS_CHECK_USAGE(options.config_file.empty(), "goracs select: either --config or arrays of your own, not both");
      config = default_config(flags->arrays.train_labels.empty() ? "seqrec" : "ctrpre", own.settings);
      GORACS_CHECK_USAGE(config.origin.at("select.budget") == "--set", "goracs select: --budget is needed");
    });
    begin_work(config.values.run, world);
    select_arrays(flags->arrays, config, options.command, world.communicator());
    return ExitCode::kDone;
  };
  return verb;
}

}  // namespace goracs
