#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/matrix.hpp"

namespace goracs {

enum class NpyElement : std::uint8_t { kFloat16, kFloat32, kFloat64, kInt32, kInt64 };

/// What the header of a .npy file says (numpy.lib.format, versions 1.0 to 3.0).
struct NpyHeader {
  NpyElement element = NpyElement::kFloat32;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::int64_t data_offset = 0;  ///< bytes before the first element
  std::int64_t num_elements = 0;
};

/// Parses the first bytes of a .npy file. Strict: little-endian elements of NpyElement's types, the three keys once each, no others, nothing
/// after the dictionary, element counts below 2^63 bytes. `name` is what errors call the file.
/// Errors: kInput saying what was found and expected.
NpyHeader parse_npy_header(std::string_view bytes, const std::string& name);

/// An array in a .npy file, read in blocks of rows, so that no more than a block is ever in memory.
class NpyFile {
 public:
  /// Errors: kInput when it is no .npy file, of another type, or its size is not what the header says.
  explicit NpyFile(const std::filesystem::path& path);
  ~NpyFile();
  NpyFile(NpyFile&&) noexcept;
  NpyFile& operator=(NpyFile&&) noexcept;

  const std::string& path() const noexcept { return path_; }
  const std::vector<std::int64_t>& shape() const noexcept { return header_.shape; }
  NpyElement element() const noexcept { return header_.element; }

  /// Rows first .. first + rows.rows - 1 of a two-dimensional array, converted to float32.
  void read_rows(std::int64_t first, MatrixView<float> rows) const;
  /// All values in row-major order, converted to double.
  std::vector<double> values() const;

 private:
  struct Descriptor;
  void read_bytes(std::int64_t offset, std::span<std::byte> bytes) const;
  /// `count` elements from the `first`-th on, in the file's own order.
  template <class T>
  void read_elements(std::int64_t first, std::span<T> out) const;

  std::string path_;
  NpyHeader header_;
  std::unique_ptr<Descriptor> file_;
};

/// The number that a half-precision bit pattern stands for.
float float_of_half(std::uint16_t bits) noexcept;

}  // namespace goracs
