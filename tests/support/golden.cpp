#include "support/golden.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace goracs::test {
namespace fs = std::filesystem;

fs::path source_root() { return GORACS_SOURCE_DIR; }

fs::path golden_root() {
  if (const char* folder = std::getenv("GORACS_GOLDEN_DIR"); folder != nullptr && *folder != '\0') return folder;
  return source_root() / "tests" / "golden";
}

std::vector<fs::path> golden_files(const std::string& folder, const std::string& ending) {
  std::vector<fs::path> files;
  const fs::path root = golden_root() / folder;
  if (fs::is_directory(root))
    for (const auto& entry : fs::recursive_directory_iterator(root))
      if (entry.is_regular_file() && entry.path().filename().string().ends_with(ending)) files.push_back(entry.path());
  if (files.empty()) throw std::runtime_error("no golden case *" + ending + " in " + root.string());
  std::sort(files.begin(), files.end());
  return files;
}

fs::path cache_root() {
  if (const char* folder = std::getenv("GORACS_CACHE_DIR"); folder != nullptr && *folder != '\0') return folder;
  return source_root() / ".cache";
}

}  // namespace goracs::test
