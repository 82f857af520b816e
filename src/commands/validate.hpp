#pragma once

#include "commands/verb.hpp"

namespace goracs {

/// `validate`: the config and the inputs that it names.
Verb validate_verb();

/// Checks that everything a config names is there and that the models' folders say what they are; prints that all is right. No weights are read.
/// Errors: kUsage with every path that is missing; kInput with every folder that is none of ours to read.
void validate(const LoadedConfig& config);

}  // namespace goracs
