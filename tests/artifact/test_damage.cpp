#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "artifact/stage_folder.hpp"
#include "base/log.hpp"
#include "comm/self_communicator.hpp"
#include "demo_stage.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

using test::demo_identity;
using test::demo_provenance;

std::string bytes_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

void write_bytes(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void change_byte(const std::filesystem::path& file, std::size_t at, char byte) {
  const int id = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(::pwrite(id, &byte, 1, static_cast<off_t>(at)), 1);
  ::close(id);
}

/// A sealed folder, and whether a reader finds it damaged; anything but kInput with the damaged file's name fails the test.
class Sealed {
 public:
  Sealed() {
    StageFolder folder = StageFolder::open(work_.path(), demo_identity(), world_);
    test::fill_demo(folder);
    folder.seal(demo_provenance(), 1, world_);
    path_ = folder.path();
  }
  const std::filesystem::path& path() const { return path_; }
  /// What opening and asking for all files says; empty when nothing was found.
  std::string complaint() {
    try {
      const auto folder = StageFolder::find(work_.path(), demo_identity(), world_);
      if (!folder) return "no manifest";
      static_cast<void>(folder->file("gradient_norms.h5"));
      static_cast<void>(folder->file("notes"));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kInput) << error.what();
      return error.what();
    }
    return "";
  }
  void expect_found(const std::filesystem::path& file, const std::string& what) {
    const std::string said = complaint();
    EXPECT_NE(said.find(file.string()), std::string::npos) << what << ": '" << said << "'";
  }

 private:
  test::TemporaryFolder work_;
  SelfCommunicator world_;
  std::filesystem::path path_;
};

TEST(Damage, OfAnyByteOfASealedFolderIsFoundBeforeUse) {
  Sealed sealed;
  std::size_t flipped = 0, cut = 0;
  for (const auto* name : {"MANIFEST.json", "gradient_norms.h5", "notes/a.txt"}) {
    const std::filesystem::path file = sealed.path() / name;
    const std::string bytes = bytes_of(file);
    // text: one bit, capitals, and all bits; numbers: all bits
    for (const int bits : std::string(name) == "MANIFEST.json" ? std::vector<int>{0x01, 0x20, 0xff} : std::vector<int>{0xff})
      for (std::size_t at = 0; at < bytes.size() && !testing::Test::HasFailure(); ++at, ++flipped) {
        change_byte(file, at, static_cast<char>(bytes[at] ^ bits));
        sealed.expect_found(file, fmt::format("{}: byte {} ^ {:#x}", name, at, bits));
        change_byte(file, at, bytes[at]);
      }
    EXPECT_EQ(sealed.complaint(), "");
    for (std::size_t length = bytes.size(); length-- > 0 && !testing::Test::HasFailure(); ++cut) {
      ASSERT_EQ(::truncate(file.c_str(), static_cast<off_t>(length)), 0);
      sealed.expect_found(file, fmt::format("{}: cut to {} bytes", name, length));
    }
    write_bytes(file, bytes);
    EXPECT_EQ(sealed.complaint(), "");
  }
  std::printf("R5: %zu bytes flipped, %zu lengths cut to, all found\n", flipped, cut);
}

TEST(Damage, OfASavedStateLeadsToTheOneBefore) {
  const test::TemporaryFolder work;
  SelfCommunicator world;
  open_log({.level = LogLevel::kError});
  const StageFolder folder = StageFolder::open(work.path(), demo_identity(), world);
  for (const auto* text : {"the state before", "the last state"})
    folder.save_state("loop", [&](const std::filesystem::path& path) { write_bytes(path, text); });
  const std::filesystem::path last = folder.saved_state("loop").value();
  const std::string bytes = bytes_of(last);
  std::size_t damaged = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at, ++damaged) {
    change_byte(last, at, static_cast<char>(~bytes[at]));
    ASSERT_EQ(bytes_of(folder.saved_state("loop").value()), "the state before") << "byte " << at;
    change_byte(last, at, bytes[at]);
  }
  EXPECT_EQ(folder.saved_state("loop").value(), last);
  for (std::size_t length = bytes.size(); length-- > 0; ++damaged) {
    ASSERT_EQ(::truncate(last.c_str(), static_cast<off_t>(length)), 0);
    ASSERT_EQ(bytes_of(folder.saved_state("loop").value()), "the state before") << "length " << length;
  }
  open_log({});
  std::printf("R5: %zu damages of a saved state, each led to the one before\n", damaged);
}

TEST(Damage, AMissingFileIsNamed) {
  Sealed sealed;
  std::filesystem::remove(sealed.path() / "notes/a.txt");
  sealed.expect_found(sealed.path() / "notes/a.txt", "missing");
}

TEST(Manifest, OfANewerSchemaOrAnotherProgramIsRefused) {
  Sealed sealed;
  const std::filesystem::path file = Manifest::path_in(sealed.path());
  std::string text = bytes_of(file);
  const std::string mark = "\"goracs_schema\": 1";
  text.replace(text.find(mark), mark.size(), "\"goracs_schema\": 2");
  write_bytes(file, text);
  EXPECT_NE(sealed.complaint().find("written by a newer goracs (schema 2, this one knows up to 1)"), std::string::npos)
      << sealed.complaint();
  for (const auto* foreign : {"", "[]", "{\"creator\": \"another\"}", "{\"creator\": \"goracs\"}", "\x89HDF"}) {
    write_bytes(file, foreign);
    sealed.expect_found(file, foreign);
  }
}

TEST(Manifest, OfOtherWorkUnderTheSameNameIsRefused) {
  const test::TemporaryFolder work;
  SelfCommunicator world;
  StageIdentity other = demo_identity();
  other.inputs["prepare"] = "cd34";
  {
    StageFolder folder = StageFolder::open(work.path(), demo_identity(), world);
    test::fill_demo(folder);
    folder.seal(demo_provenance(), 1, world);
  }
  std::filesystem::rename(work / folder_name(demo_identity()), work / folder_name(other));
  test::expect_error(ExitCode::kInput, {"MANIFEST.json", "other work"},
                     [&] { static_cast<void>(StageFolder::find(work.path(), other, world)); });
}

}  // namespace
}  // namespace goracs
