#pragma once

#include <filesystem>
#include <string>

#include "commands/verb.hpp"

namespace goracs {

/// `show`: how an artifact came to be, and what is in it.
Verb show_verb();

/// What `show` prints of an HDF5 file, of a sealed stage folder, of a run's folder, or of a JSON file.
/// Errors: kUsage when there is nothing to show, kInput when it is damaged.
std::string shown(const std::filesystem::path& artifact);

}  // namespace goracs
