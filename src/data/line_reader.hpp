#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace goracs {

/// What a reader of large files tells while it works; both may be empty.
struct ReadEvents {
  std::function<void(const std::filesystem::path& file, std::int64_t done, std::int64_t total)> progress;  ///< bytes of the file
  std::function<void(const std::string& line)> warn;
};

/// The lines of a text file, plain or gzip (told by its first bytes), one after the other. Memory: a buffer and the longest line.
/// Errors: kInput when the file is not there or cannot be read to its end (a .gz that was cut off).
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& file, const ReadEvents& events = {});
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next line without its end ("\n" or "\r\n"); valid until the next call. None at the end of the file.
  std::optional<std::string_view> next();
  std::int64_t number() const noexcept { return number_; }  ///< of the line last read, from 1
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  class Source;
  void refill();

  std::filesystem::path path_;
  ReadEvents events_;
  std::unique_ptr<Source> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< what of the buffer is not handed out yet
  std::int64_t number_ = 0;
  bool at_end_ = false;
};

/// Lines that are not what their file should hold: `data.skip_bad_lines` of them are left out with a warning, one more is an error.
class BrokenLines {
 public:
  BrokenLines(std::int64_t allowed, const ReadEvents& events) : allowed_(allowed), events_(events) {}
  /// Errors: kInput naming file, line and reason once there are more than are allowed.
  void add(const LineReader& reader, std::string_view reason);
  std::int64_t count() const noexcept { return count_; }

 private:
  std::int64_t allowed_, count_ = 0;
  ReadEvents events_;
};

}  // namespace goracs
