#pragma once

#include "commands/verb.hpp"

namespace goracs {

/// `validate`: the config and the inputs that it names.
Verb validate_verb();

/// Checks that everything a config names is there; prints what is right. Errors: kUsage with every path that is missing.
void validate(const LoadedConfig& config);

}  // namespace goracs
