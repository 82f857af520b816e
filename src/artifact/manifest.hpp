#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace goracs {

/// MANIFEST.json: what a complete folder holds. It appears last, by rename, so a folder with one is whole; and it carries the XXH3-128 of its
/// own text, so that a damaged one is no manifest.
struct Manifest {
  struct File {
    std::int64_t bytes = 0;
    std::string xxh3, content_sha256;
  };
  std::string stage, content_sha256;
  std::map<std::string, File> files;          ///< by path below the folder, with '/'
  nlohmann::json config;                      ///< the keys that the stage's result depends on
  std::map<std::string, std::string> inputs;  ///< name -> content hash
  double seconds = 0;                         ///< of computing, over all starts
  int world_size = 1;
  nlohmann::json origin;  ///< creator's version, commit, time, hosts, command, library versions

  /// As it is written: sorted keys, two spaces; the last key is "xxh3_128" of the text without it.
  std::string text() const;
  /// Errors: kInput when it is damaged, not of goracs, or of a newer schema. `where` is named in them.
  static Manifest parse(const std::string& text, const std::string& where);

  static std::filesystem::path path_in(const std::filesystem::path& folder) { return folder / "MANIFEST.json"; }
  /// Of a folder, none when it has no manifest. Errors: as parse.
  static std::optional<Manifest> read(const std::filesystem::path& folder);

  /// Errors: kInput naming the file when it is missing, or its size or (check_hash) its hash is another.
  void check_file(const std::filesystem::path& folder, const std::string& name, bool check_hash) const;
};

/// The same path, once its hash is checked: for reading any artifact by its name. A file that no manifest of its folder, or of the one above,
/// lists (one of the user's own) passes. Errors: kInput as Manifest's.
std::filesystem::path checked(const std::filesystem::path& file);
/// Its bytes. Errors: also kInput when it cannot be read.
std::string checked_bytes(const std::filesystem::path& file);

}  // namespace goracs
