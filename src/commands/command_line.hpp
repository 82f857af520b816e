#pragma once

#include <optional>
#include <string>

#include "commands/verb.hpp"

namespace goracs {

/// What the command line asks for: a verb with its flags, or a text (help, version).
struct Invocation {
  std::optional<Verb> verb;
  CommonOptions options;
  std::string text;  ///< to print when there is no verb
};

/// Errors: kUsage for what nobody knows, with "did you mean".
Invocation parse_command_line(int argc, const char* const* argv);

}  // namespace goracs
