#pragma once

#include <string>

#include "base/config_file.hpp"
#include "base/error.hpp"
#include "base/stage.hpp"
#include "comm/communicator.hpp"

namespace goracs {

/// What a run is started with: the resolved config and the command line as typed (for provenance).
struct RunRequest {
  LoadedConfig config;
  std::string command;
  bool with_inputs = false;  ///< one stage: compute missing earlier ones too
};

/// All stages that the task needs, then summary.json and the figures on the terminal. Finished stages are found again and say so.
/// kDone, or kStopped after a clean stop (RESUMABLE is written). Collective.
ExitCode run_all(const RunRequest& request, Communicator& world);

/// One stage. Errors: kInput when an earlier stage is missing and not with_inputs, naming it. Collective.
ExitCode run_stage(Stage stage, const RunRequest& request, Communicator& world);

}  // namespace goracs
