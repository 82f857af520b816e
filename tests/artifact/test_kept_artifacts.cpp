#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/content_hash.hpp"
#include "artifact/h5.hpp"
#include "artifact/layout.hpp"
#include "artifact/manifest.hpp"
#include "base/error.hpp"
#include "support/golden.hpp"

namespace goracs {
namespace {

/// What reading a whole folder without knowing what it is of says; empty when all is well.
std::string complaint_of(const std::filesystem::path& folder) {
  try {
    const auto manifest = Manifest::read(folder);
    if (!manifest) return "no manifest";
    for (const auto& [name, file] : manifest->files) {
      manifest->check_file(folder, name, true);
      EXPECT_EQ(content_sha256_of(folder / name), file.content_sha256) << folder / name;  // the hash means what it meant
      if (name.ends_with(".h5")) check_layout(H5File::open(folder / name), name);
    }
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kInput);
    return error.what();
  }
  return "";
}

/// Folders as earlier versions left them on disks (tests/data/make_artifacts.py), and what reading them must say.
TEST(KeptArtifacts, AreReadOrRefusedAsEver) {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_root() / "tests/data/artifacts")) {
    std::ifstream in(entry.path() / "case.json");
    const nlohmann::json expected = nlohmann::json::parse(in);
    const std::string said = complaint_of(entry.path() / "folder");
    EXPECT_EQ(said.empty(), expected.at("error").empty()) << entry.path() << ": " << said;
    for (const std::string part : expected.at("error")) EXPECT_NE(said.find(part), std::string::npos) << entry.path() << ": " << said;
    ++cases;
  }
  EXPECT_GE(cases, 9);
}

}  // namespace
}  // namespace goracs
