#pragma once

#include <cerrno>

#include "base/error.hpp"

namespace goracs {

/// Whose fault it is when the system would not open a file (errno): the user's who named it (kInput: not there, no right, a folder), or the
/// disk's (kIo).
constexpr ExitCode code_of_open_error(int error_number) noexcept {
  const bool users = error_number == ENOENT || error_number == EACCES || error_number == EPERM || error_number == ENOTDIR ||
                     error_number == EISDIR || error_number == ELOOP || error_number == ENAMETOOLONG;
  return users ? ExitCode::kInput : ExitCode::kIo;
}

}  // namespace goracs
