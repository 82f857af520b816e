#include "base/version.hpp"

#include <goracs_git.hpp>  // made at build time by tools/cmake/GoracsVersion.cmake

namespace goracs {

std::string program_version() { return GORACS_VERSION; }
std::string git_commit() { return GORACS_GIT_COMMIT; }
bool git_dirty() { return GORACS_GIT_DIRTY; }

}  // namespace goracs
