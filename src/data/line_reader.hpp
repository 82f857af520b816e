#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/byte_source.hpp"

namespace goracs {

/// What a reader of large files tells while it works; both may be empty.
struct ReadEvents {
  std::function<void(const std::filesystem::path& file, std::int64_t done, std::int64_t total)> progress;  ///< bytes of the file
  std::function<void(const std::string& line)> warn;
};

/// Whole lines at a time out of a file. Memory: the caller's block and what of the next line was read with it.
class LineBlocks {
 public:
  LineBlocks(const std::filesystem::path& file, const ReadEvents& events) : path_(file), events_(events), source_(file) {}
  /// Fills `block` with whole lines (the last one of the file may lack its end) and gives them; empty at the end of the file.
  std::string_view next(std::vector<char>& block);
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  ReadEvents events_;
  ByteSource source_;
  std::vector<char> rest_;  ///< the beginning of the next block's first line
};

/// The lines of a block, without their ends ("\n" or "\r\n").
class Lines {
 public:
  explicit Lines(std::string_view block = {}) : rest_(block) {}
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
};

/// The lines of a file one after the other.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& file, const ReadEvents& events = {}) : blocks_(file, events) {}
  /// The next line; valid until the next call. None at the end of the file.
  std::optional<std::string_view> next();
  std::int64_t number() const noexcept { return number_; }  ///< of the line last read, from 1
  const std::filesystem::path& path() const noexcept { return blocks_.path(); }

 private:
  LineBlocks blocks_;
  std::vector<char> block_;
  Lines lines_;
  std::int64_t number_ = 0;
};

/// Lines that are not what their file should hold: `data.skip_bad_lines` of them are left out with a warning, one more is an error.
class BrokenLines {
 public:
  BrokenLines(std::int64_t allowed, const ReadEvents& events) : allowed_(allowed), events_(events) {}
  /// Errors: kInput naming file, line and reason once there are more than are allowed.
  void add(const std::filesystem::path& file, std::int64_t line, std::string_view reason);
  std::int64_t count() const noexcept { return count_; }

 private:
  std::int64_t allowed_, count_ = 0;
  ReadEvents events_;
};

/// Reads a file in blocks of lines on `threads` threads: `parse` gets a block (several at once, on any thread) and gives what is to be done with
/// it; that is done in the order of the file, one block at a time, while the block is still there.
/// The first error in the order of the file is thrown.
using BlockParser = std::function<std::function<void()>(std::string_view block)>;
void parse_blocks(const std::filesystem::path& file, std::int64_t threads, const ReadEvents& events, const BlockParser& parse);

}  // namespace goracs
