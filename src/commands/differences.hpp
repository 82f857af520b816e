#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace goracs {

/// What two artifacts say differently. Contents are what content hashes see; provenance (times, hosts, paths, ranks) is told apart.
struct Differences {
  std::vector<std::string> contents, provenance;
};

/// Of two HDF5 files, two folders (their files by name, and the config of their manifests), two JSON files or any two files.
/// Errors: kUsage when one is missing or they are of two kinds, kInput.
Differences differences(const std::filesystem::path& left, const std::filesystem::path& right);

}  // namespace goracs
