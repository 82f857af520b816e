#pragma once

#include <vector>

#include "base/config.hpp"
#include "base/parameter.hpp"

namespace goracs {

/// Every parameter of the program with its default, range, the stages whose results it can change, and its meaning.
std::vector<Parameter> parameters_of(Config& config);

}  // namespace goracs
