#pragma once

#include <exception>
#include <optional>

#include "base/error.hpp"

namespace goracs {

/// The exception in flight, whoever threw it, as an error of ours. In a catch block.
///   std::bad_alloc   ->   kInput, "out of memory ..."           std::filesystem::filesystem_error   ->   kIo
Error current_error();

/// What the exceptions of a library mean: nothing for those that are not its own. For the rest of the process; before there are threads.
using ExplainError = std::optional<Error> (*)(const std::exception& thrown);
void explain_errors(ExplainError explain);

}  // namespace goracs
