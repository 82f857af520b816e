#include "data/line_reader.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace goracs {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr unsigned kGzipBufferBytes = 1U << 18;

}  // namespace

/// Bytes of the file, unpacked.
class LineReader::Source {
 public:
  explicit Source(const std::filesystem::path& path) : path_(path.string()) {
    file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    GORACS_CHECK_INPUT(file_ >= 0, "{}: cannot be opened: {}", path_, std::strerror(errno));
    std::error_code unknown;
    total_ = static_cast<std::int64_t>(std::filesystem::file_size(path, unknown));
    unsigned char magic[2] = {};
    const bool packed = ::pread(file_, magic, sizeof(magic), 0) == sizeof(magic) && magic[0] == 0x1F && magic[1] == 0x8B;
    if (!packed) return;
    gzip_ = gzdopen(file_, "rb");
    if (gzip_ != nullptr) {
      gzbuffer(gzip_, kGzipBufferBytes);
      return;
    }
    ::close(file_);
    fail(ExitCode::kInput, "{}: cannot be unpacked", path_);
  }
  ~Source() {
    if (gzip_ != nullptr) {
      gzclose(gzip_);  // closes the descriptor too
    } else {
      ::close(file_);
    }
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  /// 0 at the end.
  std::size_t read(char* to, std::size_t most) {
    if (gzip_ == nullptr) {
      ssize_t count = -1;
      do count = ::read(file_, to, most);
      while (count < 0 && errno == EINTR);
      GORACS_CHECK_INPUT(count >= 0, "{}: cannot be read: {}", path_, std::strerror(errno));
      done_ += count;
      return static_cast<std::size_t>(count);
    }
    const int count = gzread(gzip_, to, static_cast<unsigned>(most));
    int status = Z_OK;
    const char* const reason = gzerror(gzip_, &status);
    GORACS_CHECK_INPUT(count >= 0 && (status == Z_OK || status == Z_STREAM_END), "{}: broken or cut off gzip file: {}", path_, reason);
    done_ = gzoffset(gzip_);
    return static_cast<std::size_t>(count);
  }
  std::int64_t done() const noexcept { return done_; }
  std::int64_t total() const noexcept { return total_; }

 private:
  std::string path_;
  int file_ = -1;
  gzFile gzip_ = nullptr;
  std::int64_t done_ = 0, total_ = 0;
};

LineReader::LineReader(const std::filesystem::path& file, const ReadEvents& events)
    : path_(file), events_(events), source_(std::make_unique<Source>(file)), buffer_(kBufferBytes) {}

LineReader::~LineReader() = default;

void LineReader::refill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
  const std::size_t count = source_->read(buffer_.data() + end_, buffer_.size() - end_);
  at_end_ = count == 0;
  end_ += count;
  if (events_.progress) events_.progress(path_, source_->done(), source_->total());
}

std::optional<std::string_view> LineReader::next() {
  std::size_t searched = 0;  // of the bytes from begin_
  for (;;) {
    const char* const first = buffer_.data() + begin_;
    const std::size_t size = end_ - begin_;
    const void* const line_end = std::memchr(first + searched, '\n', size - searched);
    if (line_end == nullptr && !at_end_) {
      searched = size;
      refill();
      continue;
    }
    if (line_end == nullptr && size == 0) return std::nullopt;
    std::size_t length = line_end == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(line_end) - first);
    begin_ += line_end == nullptr ? length : length + 1;
    ++number_;
    if (length > 0 && first[length - 1] == '\r') --length;
    return std::string_view(first, length);
  }
}

void BrokenLines::add(const LineReader& reader, std::string_view reason) {
  ++count_;
  GORACS_CHECK_INPUT(
      count_ <= allowed_, "{}:{}: broken line: {} ({})", reader.path().string(), reader.number(), reason,
      allowed_ == 0 ? "data.skip_bad_lines: 0 allows none" : fmt::format("{} were allowed by data.skip_bad_lines", allowed_));
  if (events_.warn) events_.warn(fmt::format("{}:{}: broken line left out: {}", reader.path().string(), reader.number(), reason));
}

}  // namespace goracs
