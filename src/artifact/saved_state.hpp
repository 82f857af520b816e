#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace goracs::saved_state {

// State of unfinished work, for going on after a kill: <folder>/<name>.<number>.<XXH3-128>, a file or a folder. The hash is part of the name, so
// one rename makes a state and its check appear together.

inline constexpr std::int64_t kKept = 2;  ///< the last one and, should it be damaged, the one before

/// Lets `write` make a file or folder at the path it is given, then publishes it (artifact/commit.hpp) and removes all but the last `keep`.
void save(const std::filesystem::path& folder, const std::string& name, const std::function<void(const std::filesystem::path&)>& write,
          std::int64_t keep = kKept);

/// The newest whose hash agrees; a damaged one is named in the log and left out of account.
std::optional<std::filesystem::path> find(const std::filesystem::path& folder, const std::string& name);

}  // namespace goracs::saved_state
