#include "artifact/folder_hash.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "artifact/commit.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"

namespace goracs {
namespace {

/// What changes when a file does.
std::string stamp_of(const std::filesystem::path& file) {
  struct stat status{};
  GORACS_CHECK_INPUT(::stat(file.c_str(), &status) == 0, "{}: {}", file.string(), std::strerror(errno));
  return fmt::format("{} {}.{:09} {}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ino);
}

/// path -> [stamp, sha256]. What cannot be read is empty: it is only a memory.
nlohmann::json remembered(const std::filesystem::path& file) {
  std::ifstream in(file);
  nlohmann::json all = in ? nlohmann::json::parse(in, nullptr, false) : nlohmann::json();
  return all.is_object() ? all : nlohmann::json::object();
}

bool is_known(const nlohmann::json& memory, const std::string& path, const std::string& stamp) {
  const auto entry = memory.find(path);
  return entry != memory.end() && entry->is_array() && entry->size() == 2 && (*entry)[0] == stamp && (*entry)[1].is_string();
}

/// Files of a folder, hidden ones left out (.git, .cache of downloads), by name.
std::map<std::string, std::filesystem::path> files_of(const std::filesystem::path& folder) {
  std::map<std::string, std::filesystem::path> files;
  if (!std::filesystem::is_directory(folder)) return {{folder.filename().string(), folder}};
  for (auto entry = std::filesystem::recursive_directory_iterator(folder); entry != std::filesystem::recursive_directory_iterator();
       ++entry) {
    const bool is_hidden = entry->path().filename().string().starts_with(".");
    if (is_hidden && entry->is_directory()) entry.disable_recursion_pending();
    if (!is_hidden && entry->is_regular_file()) files[entry->path().lexically_relative(folder).generic_string()] = entry->path();
  }
  return files;
}

}  // namespace

std::string folder_sha256(const std::filesystem::path& folder, const std::filesystem::path& work_dir) {
  GORACS_CHECK_INPUT(std::filesystem::exists(folder), "{}: no such file or folder", folder.string());
  const std::filesystem::path memory_file = work_dir / "hashes.json";
  nlohmann::json memory = remembered(memory_file);
  bool is_new = false;
  Sha256 whole;
  for (const auto& [name, path] : files_of(folder)) {
    const std::string key = std::filesystem::absolute(path).lexically_normal().string(), stamp = stamp_of(path);
    if (!is_known(memory, key, stamp)) {
      memory[key] = {stamp, sha256_file(path)};
      is_new = true;
    }
    whole.add(fmt::format("{}\n{}\n", name, memory[key][1].get<std::string>()));
  }
  if (is_new) {
    make_folder(work_dir);
    commit_text(memory_file, memory.dump(1) + "\n");
  }
  return whole.hex();
}

}  // namespace goracs
