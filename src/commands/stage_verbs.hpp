#pragma once

#include "base/stage.hpp"
#include "commands/verb.hpp"

namespace goracs {

/// `prepare`, `embed`, `grads`, `finetune` or `evaluate`: one stage.
Verb stage_verb(Stage stage);
/// `run`: all stages that the task needs.
Verb run_verb();

}  // namespace goracs
