#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace goracs::test {

/// The root of the repository.
std::filesystem::path source_root();

/// tests/golden, or the folder of the same layout that GORACS_GOLDEN_DIR names.
std::filesystem::path golden_root();

/// Files below golden_root()/folder whose name ends with `ending`, sorted; throws when there is none: a golden test without cases fails.
std::vector<std::filesystem::path> golden_files(const std::string& folder, const std::string& ending);

/// The folder that set-up fills (demo models, third parties' tokenizers): GORACS_CACHE_DIR or .cache.
std::filesystem::path cache_root();

/// Prints a kind of file that no test reads yet, so that nothing is skipped in silence.
void not_supported_yet(const std::filesystem::path& file, const std::string& why);

}  // namespace goracs::test
