#pragma once

#include <filesystem>
#include <string>

namespace goracs {

/// SHA-256 of a model folder, tokenizer or adapter: names and contents of its files; of a single file: its bytes. Remembered in
/// `work_dir`/hashes.json by path, size, time and inode of each file, so that a large model is read once. Not collective.
/// Errors: kInput when something cannot be read.
std::string folder_sha256(const std::filesystem::path& folder, const std::filesystem::path& work_dir);

}  // namespace goracs
