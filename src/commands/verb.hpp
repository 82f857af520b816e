#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/config_file.hpp"
#include "base/error.hpp"
#include "comm/world.hpp"
#include "commands/flags.hpp"

namespace goracs {

/// The flags that all verbs take, and the command line as typed (for provenance).
struct CommonOptions {
  std::string config_file;
  std::vector<std::string> settings;  ///< key=value, the last one wins
  bool dry_run = false, print_config = false;
  std::string log_level = "info", log_format = "text", log_rank = "0";
  std::string command;
};

/// One verb of the command line. `options` declares its own flags; `run` is called once they are read.
struct Verb {
  std::string name, summary;
  std::function<void(Flags&)> options;
  std::function<std::string()> notes;  ///< what stands below the flags in its help
  std::function<bool()> on_ranks;      ///< whether this call works together with the other ranks; else it is one process
  std::function<ExitCode(const CommonOptions&, World&)> run;
};

/// All verbs in the order of the help.
std::vector<Verb> all_verbs();

/// The config that the flags name; rank 0 reads the file. Collective.
/// Errors: kUsage with every mistake.
LoadedConfig load_config(const CommonOptions& options, Communicator& world);

/// What all verbs do that compute on ranks: the deadline for peers, device, threads, stop signal and time limit. Collective.
/// Errors: kUsage where run.device is cuda and cannot be had.
void begin_work(const RunConfig& config, World& world);

}  // namespace goracs
