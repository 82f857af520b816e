#include "model/zip_entries.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/error.hpp"

namespace goracs {
namespace {

// record signatures and sizes of the zip format (PKWARE APPNOTE 6.3)
constexpr std::uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kEnd64Locator = 0x07064b50;
constexpr std::size_t kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20, kCentralSize = 46, kLocalSize = 30, kLongestComment = 65535;
constexpr std::uint32_t kIn64 = 0xffffffff;
constexpr std::uint16_t kZip64Field = 1;

/// Little-endian numbers at checked offsets.
class Bytes {
 public:
  Bytes(std::span<const std::byte> file, const std::string& name) : file_(file), name_(name) {}

  template <class T>
  T at(std::uint64_t offset) const {
    need(offset, sizeof(T));
    T value;
    std::memcpy(&value, file_.data() + offset, sizeof(T));
    return value;
  }
  std::span<const std::byte> part(std::uint64_t offset, std::uint64_t size) const {
    need(offset, size);
    return file_.subspan(offset, size);
  }
  std::uint64_t size() const { return file_.size(); }
  const std::string& name() const { return name_; }

 private:
  void need(std::uint64_t offset, std::uint64_t size) const {
    GORACS_CHECK_INPUT(offset <= file_.size() && size <= file_.size() - offset, "{}: the zip file points behind its end: truncated?",
                       name_);
  }
  std::span<const std::byte> file_;
  const std::string& name_;
};

struct Directory {
  std::uint64_t entries, offset;
};

Directory find_directory(const Bytes& bytes) {
  GORACS_CHECK_INPUT(bytes.size() >= kEndSize, "{}: not a zip file of torch.save (the old form of torch 1.5 and before is not supported)",
                     bytes.name());
  const std::uint64_t last = bytes.size() - kEndSize;
  const std::uint64_t first = last > kLongestComment ? last - kLongestComment : 0;
  for (std::uint64_t offset = last + 1; offset-- > first;) {
    if (bytes.at<std::uint32_t>(offset) != kEnd) continue;
    if (offset >= kLocatorSize && bytes.at<std::uint32_t>(offset - kLocatorSize) == kEnd64Locator) {
      const auto end64 = bytes.at<std::uint64_t>(offset - kLocatorSize + 8);
      static_cast<void>(bytes.part(end64, kEnd64Size));
      if (bytes.at<std::uint32_t>(end64) == kEnd64) return {bytes.at<std::uint64_t>(end64 + 32), bytes.at<std::uint64_t>(end64 + 48)};
    }
    return {bytes.at<std::uint16_t>(offset + 10), bytes.at<std::uint32_t>(offset + 16)};
  }
  fail(ExitCode::kInput, "{}: not a zip file of torch.save: truncated, or the old form of torch 1.5 and before, which is not supported",
       bytes.name());
}

/// Sizes and offset that do not fit 32 bits stand in the extra field, in this order.
void widen(const Bytes& bytes, std::uint64_t extra, std::uint64_t extra_size, std::initializer_list<std::uint64_t*> values) {
  for (std::uint64_t at = extra; at + 4 <= extra + extra_size;) {
    const auto tag = bytes.at<std::uint16_t>(at), size = bytes.at<std::uint16_t>(at + 2);
    if (tag == kZip64Field) {
      std::uint64_t next = at + 4;
      for (std::uint64_t* value : values)
        if (*value == kIn64) {
          *value = bytes.at<std::uint64_t>(next);
          next += 8;
        }
      return;
    }
    at += 4 + std::uint64_t{size};
  }
}

}  // namespace

std::map<std::string, std::span<const std::byte>> zip_entries(std::span<const std::byte> file, const std::string& name) {
  const Bytes bytes(file, name);
  const Directory directory = find_directory(bytes);
  std::map<std::string, std::span<const std::byte>> entries;
  std::uint64_t at = directory.offset;
  for (std::uint64_t k = 0; k < directory.entries; ++k) {
    GORACS_CHECK_INPUT(bytes.at<std::uint32_t>(at) == kCentralHeader, "{}: broken zip directory at entry {}", name, k);
    const auto flags = bytes.at<std::uint16_t>(at + 8), method = bytes.at<std::uint16_t>(at + 10);
    std::uint64_t stored = bytes.at<std::uint32_t>(at + 20), whole = bytes.at<std::uint32_t>(at + 24),
                  local = bytes.at<std::uint32_t>(at + 42);
    const auto name_size = bytes.at<std::uint16_t>(at + 28), extra_size = bytes.at<std::uint16_t>(at + 30),
               comment_size = bytes.at<std::uint16_t>(at + 32);
    const auto name_bytes = bytes.part(at + kCentralSize, name_size);
    const std::string entry(reinterpret_cast<const char*>(name_bytes.data()), name_bytes.size());
    widen(bytes, at + kCentralSize + name_size, extra_size, {&whole, &stored, &local});
    GORACS_CHECK_INPUT(method == 0 && (flags & 1) == 0 && stored == whole, "{}: entry '{}' is compressed or encrypted, torch.save stores",
                       name, entry);
    GORACS_CHECK_INPUT(bytes.at<std::uint32_t>(local) == kLocalHeader, "{}: entry '{}' has no local header", name, entry);
    const std::uint64_t data = local + kLocalSize + bytes.at<std::uint16_t>(local + 26) + bytes.at<std::uint16_t>(local + 28);
    GORACS_CHECK_INPUT(entries.emplace(entry, bytes.part(data, whole)).second, "{}: entry '{}' stands twice", name, entry);
    at += kCentralSize + name_size + extra_size + comment_size;
  }
  return entries;
}

}  // namespace goracs
