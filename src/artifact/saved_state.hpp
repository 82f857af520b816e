#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace goracs::saved_state {

// State of unfinished work, for going on after a kill: <folder>/<name>.<number>.<XXH3-128>, a file or a folder. The hash is part of the name, so
// one rename makes a state and its check appear together. The last kKept are kept.

inline constexpr int kKept = 2;

/// Lets `write` make a file or folder at the path it is given, then publishes it (artifact/commit.hpp) and removes older ones.
void save(const std::filesystem::path& folder, const std::string& name, const std::function<void(const std::filesystem::path&)>& write);

/// The newest whose hash agrees; a damaged one is named in the log and left out of account.
std::optional<std::filesystem::path> find(const std::filesystem::path& folder, const std::string& name);

}  // namespace goracs::saved_state
