#pragma once

#include "commands/verb.hpp"

namespace goracs {

/// `doctor`: whether a job can run here as it is started: one line a rank, and what the ranks can do together.
Verb doctor_verb();

}  // namespace goracs
