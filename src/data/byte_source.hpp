#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace goracs {

/// The bytes of a file, unpacked where it is gzip (told by its first bytes, whatever it is called).
/// Errors: kInput when it is not there or cannot be read to its end (a .gz that was cut off).
class ByteSource {
 public:
  explicit ByteSource(const std::filesystem::path& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Up to `most` bytes to `to`; 0 at the end.
  std::size_t read(char* to, std::size_t most);
  /// Bytes of the file itself, packed as they are.
  std::int64_t done() const noexcept { return done_; }
  std::int64_t total() const noexcept { return total_; }

 private:
  struct Gzip;
  std::string path_;
  int file_ = -1;
  std::unique_ptr<Gzip> gzip_;
  std::int64_t done_ = 0, total_ = 0;
};

}  // namespace goracs
