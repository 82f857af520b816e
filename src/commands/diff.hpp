#pragma once

#include "commands/verb.hpp"

namespace goracs {

/// `diff`: what differs between two artifacts; exit code 1 when their contents do.
Verb diff_verb();

}  // namespace goracs
