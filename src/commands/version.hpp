#pragma once

#include <string>

namespace goracs {

/// "goracs 0.1.0 (git 1a2b3c4)"; verbose: a line for each library that is linked, with its version.
std::string version_text(bool verbose);

}  // namespace goracs
