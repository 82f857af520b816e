#pragma once

#include <string>

namespace goracs {

/// "0.1.0"
std::string program_version();
/// The commit that this program was built from, 40 hex digits; "unknown" when it was built outside git.
std::string git_commit();
/// Whether tracked files differed from that commit.
bool git_dirty();

}  // namespace goracs
