#pragma once

#include <string>
#include <utility>
#include <vector>

namespace goracs {

/// Name and version of each library that this program runs with; those of shared libraries as they are now, not as they were at build time.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace goracs
