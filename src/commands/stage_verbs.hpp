#pragma once

#include "base/stage.hpp"
#include "commands/verb.hpp"

namespace goracs {

/// `prepare`, `embed`, `grads`, `finetune` or `evaluate`: one stage.
Verb stage_verb(Stage stage);
/// All stages that the task needs, the summary, then report.html in the run's folder. Collective.
ExitCode run_and_report(const LoadedConfig& config, const std::string& command, Communicator& world);

/// `run`: all stages that the task needs.
Verb run_verb();

}  // namespace goracs
