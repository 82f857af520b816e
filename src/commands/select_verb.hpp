#pragma once

#include "commands/verb.hpp"

namespace goracs {

/// `select`: the stage of a config, or with --train-embeddings & co a coreset of one's own arrays, no config needed.
Verb select_verb();

}  // namespace goracs
