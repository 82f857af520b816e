#pragma once

#include <map>
#include <string>

namespace goracs {

/// Name and version of each library that this program runs with.
std::map<std::string, std::string> linked_libraries();

}  // namespace goracs
