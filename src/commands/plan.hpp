#pragma once

#include "commands/verb.hpp"

namespace goracs {

/// `plan`: bytes, time and disk of each rank and stage, before anything is allocated.
Verb plan_verb();

/// Prints the plan of a config for so many ranks on this host, and refuses what does not fit.
/// Errors: kUsage naming the stage, what it needs and what there is.
void plan(const LoadedConfig& config, int ranks);

}  // namespace goracs
