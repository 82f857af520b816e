#include "artifact/npy.hpp"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <span>

#include "base/error.hpp"

namespace goracs {
namespace {

static_assert(std::endian::native == std::endian::little, ".npy files are read as they lie in memory");

constexpr std::int64_t kHeaderBytes = std::int64_t{1} << 21;  ///< more than any header that is accepted
constexpr std::int64_t kBlockElements = std::int64_t{1} << 16;

std::int64_t bytes_of(NpyElement element) {
  switch (element) {
    case NpyElement::kFloat16: return 2;
    case NpyElement::kFloat32:
    case NpyElement::kInt32: return 4;
    case NpyElement::kFloat64:
    case NpyElement::kInt64: break;
  }
  return 8;
}

/// Stored elements as numbers of type T.
template <class T>
void convert(NpyElement element, std::span<const std::byte> stored, std::span<T> out) {
  const auto each = [&]<class Stored>(Stored value, auto number) {
    for (std::size_t k = 0; k < out.size(); ++k) {
      std::memcpy(&value, stored.data() + k * sizeof(Stored), sizeof(Stored));
      out[k] = static_cast<T>(number(value));
    }
  };
  const auto itself = [](auto value) { return value; };
  switch (element) {
    case NpyElement::kFloat16: return each(std::uint16_t{}, float_of_half);
    case NpyElement::kFloat32: return each(float{}, itself);
    case NpyElement::kFloat64: return each(double{}, itself);
    case NpyElement::kInt32: return each(std::int32_t{}, itself);
    case NpyElement::kInt64: return each(std::int64_t{}, itself);
  }
}

}  // namespace

float float_of_half(std::uint16_t bits) noexcept {
  const unsigned sign = bits >> 15U, exponent = bits >> 10U & 31U, fraction = bits & 1023U;
  float value = 0;
  if (exponent == 31)
    value = fraction != 0 ? NAN : INFINITY;
  else if (exponent == 0)
    value = std::ldexp(static_cast<float>(fraction), -24);
  else
    value = std::ldexp(static_cast<float>(fraction | 1024U), static_cast<int>(exponent) - 25);
  return sign != 0 ? -value : value;
}

struct NpyFile::Descriptor {
  explicit Descriptor(const std::string& path) : number(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

NpyFile::NpyFile(const std::filesystem::path& path) : path_(path.string()), file_(std::make_unique<Descriptor>(path_)) {
  GORACS_CHECK_INPUT(file_->number >= 0, "{}: {}", path_, std::strerror(errno));
  struct stat status{};
  GORACS_CHECK_INPUT(::fstat(file_->number, &status) == 0 && S_ISREG(status.st_mode), "{}: no regular file", path_);
  const std::int64_t size = status.st_size;
  std::string head(static_cast<std::size_t>(std::min(size, kHeaderBytes)), '\0');
  read_bytes(0, std::as_writable_bytes(std::span(head)));
  header_ = parse_npy_header(head, path_);
  const std::int64_t expected = header_.data_offset + header_.num_elements * bytes_of(header_.element);
  GORACS_CHECK_INPUT(size == expected, "{}: {} bytes, but the header (shape ({})) says {}", path_, size, fmt::join(header_.shape, ", "),
                     expected);
}
NpyFile::~NpyFile() = default;
NpyFile::NpyFile(NpyFile&&) noexcept = default;
NpyFile& NpyFile::operator=(NpyFile&&) noexcept = default;

void NpyFile::read_bytes(std::int64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(file_->number, bytes.data(), bytes.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    GORACS_CHECK_INPUT(got >= 0, "{}: {}", path_, std::strerror(errno));
    GORACS_CHECK_INPUT(got > 0, "{}: the file became shorter while it was read", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
}

template <class T>
void NpyFile::read_elements(std::int64_t first, std::span<T> out) const {
  const std::int64_t width = bytes_of(header_.element);
  std::vector<std::byte> stored(static_cast<std::size_t>(std::min(static_cast<std::int64_t>(out.size()), kBlockElements) * width));
  for (std::size_t done = 0; done < out.size();) {
    const std::span<T> part = out.subspan(done, std::min(out.size() - done, static_cast<std::size_t>(kBlockElements)));
    const std::span<std::byte> bytes = std::span(stored).first(part.size() * static_cast<std::size_t>(width));
    read_bytes(header_.data_offset + (first + static_cast<std::int64_t>(done)) * width, bytes);
    convert<T>(header_.element, bytes, part);
    done += part.size();
  }
}

void NpyFile::read_rows(std::int64_t first, MatrixView<float> rows) const {
  GORACS_CHECK_INPUT(header_.shape.size() == 2 && header_.shape[1] == rows.cols && first >= 0 && first + rows.rows <= header_.shape[0],
                     "{}: shape ({}), rows {} to {} of {} columns were asked for", path_, fmt::join(header_.shape, ", "), first,
                     first + rows.rows, rows.cols);
  if (!header_.fortran_order && rows.stride == rows.cols)
    return read_elements<float>(first * rows.cols, std::span(rows.data, static_cast<std::size_t>(rows.rows * rows.cols)));
  if (!header_.fortran_order) {
    for (std::int64_t i = 0; i < rows.rows; ++i) read_elements<float>((first + i) * rows.cols, rows.row(i));
    return;
  }
  std::vector<float> column(static_cast<std::size_t>(rows.rows));
  for (std::int64_t j = 0; j < rows.cols; ++j) {
    read_elements<float>(j * header_.shape[0] + first, column);
    for (std::int64_t i = 0; i < rows.rows; ++i) rows(i, j) = column[static_cast<std::size_t>(i)];
  }
}

std::vector<double> NpyFile::values() const {
  std::vector<double> all(static_cast<std::size_t>(header_.num_elements));
  read_elements<double>(0, all);
  if (!header_.fortran_order || header_.shape.size() < 2) return all;
  GORACS_CHECK_INPUT(header_.shape.size() == 2, "{}: {} dimensions in Fortran order, at most 2 were expected", path_, header_.shape.size());
  const auto num_rows = static_cast<std::size_t>(header_.shape[0]), num_cols = static_cast<std::size_t>(header_.shape[1]);
  std::vector<double> by_row(all.size());
  for (std::size_t j = 0; j < num_cols; ++j)
    for (std::size_t i = 0; i < num_rows; ++i) by_row[i * num_cols + j] = all[j * num_rows + i];
  return by_row;
}

}  // namespace goracs
