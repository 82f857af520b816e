#include "itra/distance_file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "artifact/commit.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "comm/agreement.hpp"

namespace goracs::itra {
namespace {

constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kNameDigits = 16;
constexpr std::int64_t kRowsAtOnce = 256;  // that are asked for

/// A file descriptor that closes itself.
class OpenFile {
 public:
  OpenFile(const std::filesystem::path& path, int flags, ExitCode code)
      : path_(path.string()), id_(::open(path_.c_str(), flags | O_CLOEXEC, 0644)) {
    GORACS_CHECK_AS(code, id_ >= 0, "{}: {}", path_, std::strerror(errno));
  }
  ~OpenFile() { ::close(id_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  void read(std::span<std::byte> bytes, std::int64_t offset) const {
    while (!bytes.empty()) {
      const ssize_t count = ::pread(id_, bytes.data(), bytes.size(), offset);
      if (count < 0 && errno == EINTR) continue;
      GORACS_CHECK_INPUT(count > 0, "{}: ends too early; remove it, and it is made anew", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += count;
    }
  }
  void write(std::span<const std::byte> bytes, std::int64_t offset) const {
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(id_, bytes.data(), bytes.size(), offset);
      if (count < 0 && errno == EINTR) continue;
      GORACS_CHECK_IO(count > 0, "{}: {}", path_, std::strerror(errno));
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += count;
    }
  }
  void flush() const { GORACS_CHECK_IO(::fsync(id_) == 0, "{}: {}", path_, std::strerror(errno)); }

 private:
  std::string path_;
  int id_;
};

std::uint64_t hash_of(std::span<const float> row) { return XXH3_64bits(row.data(), row.size_bytes()); }

/// Version 1.0 of numpy's format.
std::string npy_header(std::int64_t rows, std::int64_t cols) {
  std::string dictionary = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, cols);
  const std::string magic("\x93NUMPY\x01\x00", 8);
  const std::size_t length = kHeaderBytes - magic.size() - 2;
  dictionary.resize(length - 1, ' ');
  return magic + static_cast<char>(length % 256) + static_cast<char>(length / 256) + dictionary + '\n';
}

}  // namespace

DistanceFile::DistanceFile(const DistancePlace& place, const ClassRows& rows, std::int64_t dimension)
    : num_train_(rows.num_train()), num_valid_(rows.num_valid()), header_(npy_header(num_train_, num_valid_)) {
  Sha256 hash;
  hash.add(fmt::format("distances 1 {} {} {} {} ", place.key, num_train_, num_valid_, dimension));
  hash.add(std::as_bytes(std::span(rows.train)));
  hash.add(std::as_bytes(std::span(rows.valid)));
  path_ = place.folder / fmt::format("distances-{}.npy", hash.hex().substr(0, kNameDigits));
}

std::int64_t DistanceFile::row_bytes() const noexcept { return num_valid_ * static_cast<std::int64_t>(sizeof(float)); }
std::int64_t DistanceFile::row_offset(std::int64_t i) const noexcept { return static_cast<std::int64_t>(kHeaderBytes) + i * row_bytes(); }
std::int64_t DistanceFile::hash_offset(std::int64_t i) const noexcept {
  return row_offset(num_train_) + i * static_cast<std::int64_t>(sizeof(std::uint64_t));
}

bool DistanceFile::exists(Communicator& world) const {
  std::int64_t there = 0;
  on_root(world, [&] { there = std::filesystem::exists(path_) ? 1 : 0; });
  world.broadcast(std::span(&there, 1), 0);
  return there != 0;
}

void DistanceFile::read(RowBlock own, MatrixView<float> distance) const {
  const OpenFile file(path_, O_RDONLY, ExitCode::kInput);
  std::string header(kHeaderBytes, '\0');
  file.read(std::as_writable_bytes(std::span(header)), 0);
  GORACS_CHECK_INPUT(header == header_, "{}: not the distances of {} x {} rows; remove it, and it is made anew", path_.string(), num_train_,
                     num_valid_);
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(own.size()));
  file.read(std::as_writable_bytes(std::span(hashes)), hash_offset(own.begin));
  for (std::int64_t i = own.begin; i < own.end; ++i) {
    const std::span<float> row = distance.row(i - own.begin);
    file.read(std::as_writable_bytes(row), row_offset(i));
    GORACS_CHECK_INPUT(hash_of(row) == hashes[static_cast<std::size_t>(i - own.begin)],
                       "{}: row {} is damaged; remove the file, and it is made anew", path_.string(), i);
  }
}

void DistanceFile::write(RowBlock own, const Rows& distance, Communicator& world) const {
  std::filesystem::path temporary;
  on_root(world, [&] {
    make_folder(path_.parent_path());
    temporary = temporary_beside(path_);
    OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL, ExitCode::kIo).write(std::as_bytes(std::span(header_)), 0);
  });
  temporary = broadcast_text(world, temporary.string());
  together(world, [&] {
    const OpenFile file(temporary, O_WRONLY, ExitCode::kIo);
    std::vector<std::uint64_t> hashes;
    for (std::int64_t first = 0; first < own.size(); first += kRowsAtOnce) {
      const MatrixView<const float> rows = distance(first, std::min(kRowsAtOnce, own.size() - first));
      for (std::int64_t k = 0; k < rows.rows; ++k) {
        file.write(std::as_bytes(rows.row(k)), row_offset(own.begin + first + k));
        hashes.push_back(hash_of(rows.row(k)));
      }
    }
    file.write(std::as_bytes(std::span(hashes)), hash_offset(own.begin));
    file.flush();
  });
  on_root(world, [&] {
    publish_sealed(temporary, path_);
    sync_folder(path_.parent_path());
  });
}

}  // namespace goracs::itra
