#include "commands/doctor.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "comm/agreement.hpp"
#include "comm/launcher.hpp"
#include "commands/doctor_checks.hpp"
#include "commands/version.hpp"

namespace goracs {
namespace {

void say(const Communicator& world, const std::string& line) {
  if (!world.is_root()) return;
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace

Verb doctor_verb() {
  Verb verb;
  verb.name = "doctor";
  verb.summary = "whether a job can run here: hosts, cores, devices, libraries, all-reduce, disk; start it as the job is started";
  verb.on_ranks = [] { return true; };
  verb.run = [](const CommonOptions& options, World& world) {
    std::filesystem::path work_dir = ".";  // without a config: where it was started
    if (!options.config_file.empty() || !options.settings.empty()) {
      const LoadedConfig config = load_config(options, world.communicator());
      work_dir = config.values.work_dir;
      begin_work(config.values.run, world);
    }
    Communicator& ranks = world.communicator();
    say(ranks, version_text(false).substr(0, version_text(false).size() - 1));
    say(ranks,
        launcher() ? fmt::format("started by {}: {} ranks", launcher()->name, ranks.size()) : "alone: no launcher, MPI is not started");
    say(ranks, rank_lines(ranks));
    say(ranks, libraries_line(ranks));
    say(ranks, all_reduce_line(ranks));
    on_root(ranks, [&] {
      say(ranks, trial_save_line(work_dir));
      say(ranks, locking_line(work_dir));
      say(ranks, time_limit_line());
    });
    return ExitCode::kDone;
  };
  return verb;
}

}  // namespace goracs
