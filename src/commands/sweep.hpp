#pragma once

#include "commands/verb.hpp"

namespace goracs {

/// `sweep`: a run for every point, or with --index for one; --list says which there are.
Verb sweep_verb();

}  // namespace goracs
