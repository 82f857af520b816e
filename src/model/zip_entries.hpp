#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace goracs {

/// The entries of a zip file's bytes by name, as torch.save writes them: stored, not compressed, not encrypted; zip64 is read.
/// Errors: kInput naming `name` (the file).
std::map<std::string, std::span<const std::byte>> zip_entries(std::span<const std::byte> file, const std::string& name);

}  // namespace goracs
