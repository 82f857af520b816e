#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace goracs {

/// A whole file mapped read-only; the pages are the kernel's, shared by all ranks of a host.
class MappedFile {
 public:
  /// Errors: kInput when the file is missing or unreadable (naming it).
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace goracs
