#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "artifact/h5.hpp"
#include "artifact/npy.hpp"
#include "base/matrix.hpp"

namespace goracs {

/// An array of the user's: "T.npy", or a dataset of an HDF5 file, "file.h5:/dataset".
class ArraySource {
 public:
  /// Errors: kUsage when the file is missing or the name has neither form; kInput when it is no such file.
  explicit ArraySource(const std::string& name);

  const std::string& name() const noexcept { return name_; }
  const Shape& shape() const noexcept { return shape_; }

  /// The number of rows of an array of so many dimensions. Errors: kInput.
  std::int64_t rows_of(std::size_t dimensions) const;
  /// Rows first .. first + rows.rows - 1 of a two-dimensional array as float32.
  void read_rows(std::int64_t first, MatrixView<float> rows) const;
  /// A one-dimensional array as numbers.
  std::vector<double> values() const;
  /// A one-dimensional array of whole numbers. Errors: kInput naming the row that holds something else.
  std::vector<std::int64_t> whole_numbers() const;

 private:
  struct Dataset {
    H5File file;
    std::string name;
  };
  using Source = std::variant<NpyFile, Dataset>;
  static Source open(const std::string& name);

  std::string name_;
  Source source_;
  Shape shape_;
};

}  // namespace goracs
