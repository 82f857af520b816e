#include "commands/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/log.hpp"
#include "base/similar_word.hpp"
#include "commands/version.hpp"

namespace goracs {
namespace {

constexpr const char* kSummary =
    "Coresets for tuning LLM recommenders: exact optimal transport, LoRA finetuning, evaluation; over MPI.\n"
    "Exit codes: 0 done, 1 `diff` found a difference, 2 usage or config, 3 bad input, 4 I/O, 5 numeric, 6 a peer failed,\n"
    "75 stopped cleanly and resumable.";

/// Flags of a verb as the parser's options.
class ParsedFlags final : public Flags {
 public:
  explicit ParsedFlags(CLI::App& app) : app_(app) {}
  void heading(const std::string& text) override { heading_ = text; }
  void text(const std::string& flag, const std::string& form, std::string& value, const std::string& meaning) override {
    app_.add_option(flag, value, meaning)->type_name(form)->group(heading_);
  }
  void number(const std::string& flag, const std::string& form, std::optional<std::int64_t>& value, const std::string& meaning) override {
    app_.add_option(flag, value, meaning)->type_name(form)->group(heading_);
  }
  void yes(const std::string& flag, bool& value, const std::string& meaning) override {
    app_.add_flag(flag, value, meaning)->group(heading_);
  }
  void word(const std::string& name, std::string& value, const std::string& meaning) override { app_.add_option(name, value, meaning); }
  void words(const std::string& name, std::vector<std::string>& values, const std::string& meaning) override {
    app_.add_option(name, values, meaning);
  }

 private:
  CLI::App& app_;
  std::string heading_ = "Options";
};

void add_common(CLI::App& app, CommonOptions& options) {
  const char* group = "Flags of all verbs";
  app.add_option("--config", options.config_file, "the config")->type_name("FILE.yaml")->group(group);
  app.add_option("--set", options.settings, "one value over the config's, the last one wins; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(group);
  app.add_flag("--dry-run", options.dry_run, "validate and plan, nothing else")->group(group);
  app.add_flag("--print-config", options.print_config, "the resolved config with where each value comes from, nothing else")->group(group);
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")->group(group);
  app.add_option("--log-format", options.log_format, "text or json")->group(group);
  app.add_option("--log-rank", options.log_rank, "0, or all: every rank writes a file")->group(group);
}

/// One word of a few, as given by a flag.
void check_word(const std::string& flag, const std::string& word, const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), word) != words.end()) return;
  const std::string near = similar_word(word, words);
  fail(ExitCode::kUsage, "{}: '{}' is unknown, expected {}{}", flag, word, fmt::join(words, " or "),
       near.empty() ? "" : ", did you mean " + near + "?");
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  return flags;
}

/// An error about the first word that nobody asked for.
[[noreturn]] void refuse(const std::string& word, const CLI::App& root, const CLI::App* verb) {
  const bool is_flag = word.starts_with("-");
  const std::string who = verb == nullptr ? "goracs" : "goracs " + verb->get_name();
  std::vector<std::string> words;
  if (is_flag)
    words = flags_of(verb == nullptr ? root : *verb);
  else if (verb == nullptr)
    for (const CLI::App* known : root.get_subcommands({})) words.push_back(known->get_name());
  const std::string near = similar_word(word.substr(0, word.find('=')), words);
  fail(ExitCode::kUsage, "{}: unknown {} '{}'{} (see {} --help)", who,
       is_flag           ? "flag"
       : verb == nullptr ? "verb"
                         : "argument",
       word, near.empty() ? "" : ", did you mean " + near + "?", who);
}

std::string typed(int argc, const char* const* argv) {
  std::string command = "goracs";
  for (int k = 1; k < argc; ++k) command += std::string(" ") + argv[k];
  return command;
}

CLI::App& add_verb(CLI::App& root, const Verb& verb, CommonOptions& options) {
  CLI::App* app = root.add_subcommand(verb.name, verb.summary);
  app->allow_extras();
  ParsedFlags flags(*app);
  if (verb.options) verb.options(flags);
  add_common(*app, options);
  if (verb.notes) app->footer(verb.notes);
  return *app;
}

}  // namespace

Invocation parse_command_line(int argc, const char* const* argv) {
  Invocation call;
  call.options.command = typed(argc, argv);
  CLI::App root(kSummary, "goracs");
  root.require_subcommand(0, 1)->allow_extras();
  root.footer("goracs VERB --help (or goracs --help VERB) tells more.");
  bool version = false, verbose = false;
  root.add_flag("--version", version, "the version of this program");
  root.add_flag("--verbose", verbose, "with --version: the linked libraries");
  const std::vector<Verb> verbs = all_verbs();
  std::vector<CLI::App*> apps;
  for (const Verb& verb : verbs) apps.push_back(&add_verb(root, verb, call.options));

  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    call.text = root.help();
    return call;
  } catch (const CLI::ParseError& error) {
    fail(ExitCode::kUsage, "goracs: {}", error.what());
  }
  const auto chosen = std::find_if(apps.begin(), apps.end(), [](const CLI::App* app) { return app->parsed(); });
  const CLI::App* app = chosen == apps.end() ? nullptr : *chosen;
  if (const std::vector<std::string> left = root.remaining(true); !left.empty()) refuse(left.front(), root, app);
  if (version) {
    call.text = version_text(verbose);
    return call;
  }
  if (app == nullptr) fail(ExitCode::kUsage, "goracs: no verb\n{}", root.help());
  check_word("--log-level", call.options.log_level, {"debug", "info", "warning", "error"});
  check_word("--log-format", call.options.log_format, {"text", "json"});
  check_word("--log-rank", call.options.log_rank, {"0", "all"});
  call.verb = verbs[static_cast<std::size_t>(chosen - apps.begin())];
  return call;
}

}  // namespace goracs
