#include "data/byte_source.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace goracs {

struct ByteSource::Gzip {
  gzFile file;
};

ByteSource::ByteSource(const std::filesystem::path& path) : path_(path.string()) {
  file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  GORACS_CHECK_INPUT(file_ >= 0, "{}: cannot be opened: {}", path_, std::strerror(errno));
  std::error_code unknown;
  total_ = static_cast<std::int64_t>(std::filesystem::file_size(path, unknown));
  unsigned char magic[2] = {};
  const bool packed = ::pread(file_, magic, sizeof(magic), 0) == sizeof(magic) && magic[0] == 0x1F && magic[1] == 0x8B;
  if (!packed) return;
  if (const gzFile gzip = gzdopen(file_, "rb"); gzip != nullptr) {
    constexpr unsigned kBufferBytes = 1U << 18;
    gzbuffer(gzip, kBufferBytes);
    gzip_ = std::make_unique<Gzip>(Gzip{gzip});
    return;
  }
  ::close(file_);
  fail(ExitCode::kInput, "{}: cannot be unpacked", path_);
}

ByteSource::~ByteSource() {
  if (gzip_) {
    gzclose(gzip_->file);  // closes the descriptor too
  } else {
    ::close(file_);
  }
}

std::size_t ByteSource::read(char* to, std::size_t most) {
  if (!gzip_) {
    ssize_t count = -1;
    do count = ::read(file_, to, most);
    while (count < 0 && errno == EINTR);
    GORACS_CHECK_INPUT(count >= 0, "{}: cannot be read: {}", path_, std::strerror(errno));
    done_ += count;
    return static_cast<std::size_t>(count);
  }
  const int count = gzread(gzip_->file, to, static_cast<unsigned>(most));
  int status = Z_OK;
  const char* const reason = gzerror(gzip_->file, &status);
  GORACS_CHECK_INPUT(count >= 0 && (status == Z_OK || status == Z_STREAM_END), "{}: broken or cut off gzip file: {}", path_, reason);
  done_ = gzoffset(gzip_->file);
  return static_cast<std::size_t>(count);
}

}  // namespace goracs
