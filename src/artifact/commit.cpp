#include "artifact/commit.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "base/crash_point.hpp"
#include "base/error.hpp"
#include "base/host_name.hpp"
#include "base/sha256.hpp"

namespace goracs {
namespace {

constexpr std::string_view kTemporary = ".tmp-";

[[noreturn]] void fail_call(const std::filesystem::path& path, std::string_view what, int error) {
  fail(ExitCode::kIo, "{}: cannot {}: {}", path.string(), what, std::strerror(error));
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, std::string_view what)
      : path_(path), id_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (id_ < 0) fail_call(path_, what, errno);
  }
  ~Descriptor() {
    if (id_ >= 0) ::close(id_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(id_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_call(path_, "write", errno);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void sync() {
    int status = 0;
    do status = ::fsync(id_);
    while (status != 0 && errno == EINTR);
    if (status != 0 && errno != EINVAL) fail_call(path_, "flush to the disk", errno);  // EINVAL: a file system without flushing of folders
  }
  /// Checked, where the destructor could not tell anybody.
  void close() {
    if (::close(std::exchange(id_, -1)) != 0 && errno != EINTR) fail_call(path_, "close", errno);
  }

 private:
  std::filesystem::path path_;
  int id_;
};

void sync_one(const std::filesystem::path& path) {
  Descriptor file(path, O_RDONLY, "open");
  file.sync();
  file.close();
}

/// Files below a folder by their path from it, sorted.
std::map<std::string, std::filesystem::path> files_below(const std::filesystem::path& folder) {
  std::map<std::string, std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files[entry.path().lexically_relative(folder).generic_string()] = entry.path();
  return files;
}

}  // namespace

FileSeal seal_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    const auto bytes = std::filesystem::file_size(path, error);
    GORACS_CHECK_INPUT(!error, "{}: {}", path.string(), error.message());
    return {static_cast<std::int64_t>(bytes), xxh3_file(path)};
  }
  FileSeal whole;
  Sha256 names_and_hashes;
  for (const auto& [name, file] : files_below(path)) {
    const FileSeal seal = seal_of(file);
    whole.bytes += seal.bytes;
    names_and_hashes.add(fmt::format("{}\n{}\n", name, seal.xxh3));
  }
  whole.xxh3 = names_and_hashes.hex().substr(0, 32);
  return whole;
}

std::filesystem::path temporary_beside(const std::filesystem::path& target) {
  static std::atomic<int> count{0};
  static const std::string kHost = host_name();
  return target.parent_path() / fmt::format("{}{}{}-{}-{}", target.filename().string(), kTemporary, kHost, ::getpid(), ++count);
}

bool is_temporary(const std::filesystem::path& path) { return path.filename().string().find(kTemporary) != std::string::npos; }

void sync_tree(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) sync_tree(entry.path());
    sync_folder(path);
    return;
  }
  sync_one(path);
  crash_point("commit.flushed");
}

void sync_folder(const std::filesystem::path& folder) {
  sync_one(folder);
  crash_point("commit.folder_flushed");
}

void publish_sealed(const std::filesystem::path& temporary, const std::filesystem::path& target) {
  crash_point("commit.hashed");
  if (::rename(temporary.c_str(), target.c_str()) != 0) fail_call(temporary, "rename to " + target.filename().string(), errno);
  crash_point("commit.renamed");
}

FileSeal publish(const std::filesystem::path& temporary, const std::filesystem::path& target) {
  crash_point("commit.written");
  sync_tree(temporary);
  FileSeal seal = seal_of(temporary);
  publish_sealed(temporary, target);
  return seal;
}

void commit_text(const std::filesystem::path& target, std::string_view text) {
  const std::filesystem::path temporary = temporary_beside(target);
  Descriptor file(temporary, O_WRONLY | O_CREAT | O_EXCL, "create");
  crash_point("commit.created");
  file.write(text);
  crash_point("commit.written");
  file.sync();
  crash_point("commit.flushed");
  file.close();
  publish_sealed(temporary, target);
  sync_folder(target.parent_path());
}

void remove_tree(const std::filesystem::path& path) {
  std::error_code error;
  do  // a part that is gone before its turn was removed by another job that is at the same
    std::filesystem::remove_all(path, error);
  while (error == std::errc::no_such_file_or_directory);
  GORACS_CHECK_IO(!error, "{}: cannot remove: {}", path.string(), error.message());
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  GORACS_CHECK_IO(!error, "{}: cannot make the folder: {}", folder.string(), error.message());
}

}  // namespace goracs
