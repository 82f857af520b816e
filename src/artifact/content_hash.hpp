#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace goracs {

/// SHA-256 over what a file says and not when, where or by whom it was made. HDF5 (*.h5): all datasets by path, type, shape and values, and their
/// attributes, in the order of their names; without provenance attributes (artifact/provenance.hpp), times (is_time of artifact/layout.hpp) and
/// descriptions (long_name). So neither the order of creation nor chunks, filters or byte order count. JSON with time keys (has_time_keys): without those;
/// other files by their bytes.
/// `name`: what the file is called when it has a temporary name. Errors: kInput.
std::string content_sha256_of(const std::filesystem::path& file, const std::string& name);
inline std::string content_sha256_of(const std::filesystem::path& file) { return content_sha256_of(file, file.filename().string()); }

/// Over the files of a folder: name -> content hash.
std::string content_sha256_of(const std::map<std::string, std::string>& files);

}  // namespace goracs
