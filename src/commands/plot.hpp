#pragma once

#include "commands/verb.hpp"

namespace goracs {

/// `plot`: a picture of an artifact.
Verb plot_verb();

}  // namespace goracs
