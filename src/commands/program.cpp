#include "commands/program.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "base/current_error.hpp"
#include "base/log.hpp"
#include "base/standing.hpp"
#include "comm/agreement.hpp"
#include "comm/launcher.hpp"
#include "commands/command_line.hpp"
#include "commands/plan.hpp"
#include "commands/validate.hpp"

namespace goracs {
namespace {

struct Failure {
  ExitCode code = ExitCode::kDone;
  std::string text;
  bool agreed = false;  ///< all ranks throw it at the same place
};

/// The exception in flight, as an exit code and a sentence.
Failure current_failure() {
  try {
    throw;
  } catch (const AgreedError& error) {
    return {error.code(), error.what(), true};
  } catch (...) {
    const Error error = current_error();
    return {error.code(), error.what()};
  }
}

/// What all agree on is said once; the log names ranks above 0 by itself.
void log_failure(const Failure& failure, const Communicator& ranks) {
  if (failure.agreed && !ranks.is_root()) return;
  if (failure.code == ExitCode::kStopped) return log_warning("{}", failure.text);
  const bool rank_0_is_one_of_many = !failure.agreed && ranks.is_root() && ranks.size() > 1;
  log_error("{}{}{}{}", rank_0_is_one_of_many ? "rank 0: " : "", failure.text, standing().empty() ? "" : "; in ", standing());
}

LogSettings log_settings(const CommonOptions& options, int rank) {
  return {.level = log_level_of(options.log_level).value_or(LogLevel::kInfo),
          .json = options.log_format == "json",
          .every_rank = options.log_rank == "all",
          .rank = rank};
}

ExitCode perform(const Invocation& call, World& world) {
  const CommonOptions& options = call.options;
  if (!options.print_config && !options.dry_run) return call.verb->run(options, world);
  const LoadedConfig config = load_config(options, world.communicator());
  if (options.print_config) {
    fmt::print("{}", resolved_yaml(config));
    return ExitCode::kDone;
  }
  validate(config);
  plan(config, launcher() ? launcher()->size : 1);
  return ExitCode::kDone;
}

int perform_together(const Invocation& call, World world) {
  Communicator& ranks = world.communicator();
  open_log(log_settings(call.options, ranks.rank()));
  try {
    return world.leave(perform(call, world));
  } catch (...) {
    const Failure failure = current_failure();
    log_failure(failure, ranks);
    if (!failure.agreed) return world.abandon(failure.code);
    return world.leave(failure.code);
  }
}

/// Whether this process speaks before it has joined the others.
bool speaks() { return !launcher() || launcher()->rank == 0; }

}  // namespace

int run_program(int argc, char** argv) {
  try {
    const Invocation call = parse_command_line(argc, argv);
    if (!call.verb) {
      if (speaks()) fmt::print("{}", call.text);
      return static_cast<int>(ExitCode::kDone);
    }
    const bool on_ranks = call.verb->on_ranks() && !call.options.print_config && !call.options.dry_run;
    if (!on_ranks && !speaks()) return static_cast<int>(ExitCode::kDone);  // one process does it
    return perform_together(call, on_ranks ? World::join(argc, argv) : World::alone());
  } catch (...) {
    const Failure failure = current_failure();
    if (speaks()) log_error("{}", failure.text);
    return static_cast<int>(failure.code);
  }
}

}  // namespace goracs
