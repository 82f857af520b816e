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

}  // namespace goracs::test
