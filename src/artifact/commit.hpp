#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace goracs {

// How a file comes to be there: written whole under a temporary name in the same folder, flushed, hashed, renamed; then the folder's own entry
// is flushed. A reader sees the old file or the new one, and so does whoever looks after a power cut. Every system call is checked (kIo), and
// between every two of them lies a crash_point "commit.*".

/// Size and XXH3-128 of a file; of a folder: summed, and over the sorted names and hashes of the files in it.
struct FileSeal {
  std::int64_t bytes = 0;
  std::string xxh3;
  bool operator==(const FileSeal&) const = default;
};
/// Errors: kInput when it cannot be read.
FileSeal seal_of(const std::filesystem::path& file_or_folder);

/// NAME.tmp-<host>-<process>-<count>, beside NAME.
std::filesystem::path temporary_beside(const std::filesystem::path& target);
/// A name that temporary_beside or StageFolder::new_file makes.
bool is_temporary(const std::filesystem::path& path);

/// Flushes a file, or a folder with all that is in it, to the disk.
void sync_tree(const std::filesystem::path& file_or_folder);
/// Flushes a folder's own entries alone.
void sync_folder(const std::filesystem::path& folder);

/// Flushes, hashes, renames: `temporary` (a file or a folder) becomes `target`, which must not be a folder that is there. The caller flushes the
/// folder's entry (sync_folder), once for many.
FileSeal publish(const std::filesystem::path& temporary, const std::filesystem::path& target);
/// The same when the hash is known or no matter.
void publish_sealed(const std::filesystem::path& temporary, const std::filesystem::path& target);

/// The whole protocol for a text.
void commit_text(const std::filesystem::path& target, std::string_view text);

/// Removes a file or a folder, also where others remove it at the same time. Errors: kIo.
void remove_tree(const std::filesystem::path& path);
/// Makes a folder and those above it, where they are not there. Errors: kIo.
void make_folder(const std::filesystem::path& folder);

}  // namespace goracs
