#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace goracs {

/// SHA-256 of a stream of bytes.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text.data(), text.size()))); }
  /// 64 hex digits; the object is done with after that.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view text);
/// Of a file's bytes. Errors: kInput when it cannot be read.
std::string sha256_file(const std::filesystem::path& file);
/// XXH3-128, 32 hex digits: the manifest's check, faster than disks. Errors: kInput when a file cannot be read.
std::string xxh3_hex(std::string_view text);
std::string xxh3_file(const std::filesystem::path& file);

}  // namespace goracs
