#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/matrix.hpp"

namespace goracs {

/// An HDF5 identifier that closes itself. Move-only.
class H5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  H5Handle() = default;
  H5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~H5Handle() { reset(); }
  H5Handle(H5Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  H5Handle& operator=(H5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  H5Handle(const H5Handle&) = delete;
  H5Handle& operator=(const H5Handle&) = delete;
  hid_t get() const noexcept { return id_; }
  /// The identifier, no longer closed by this.
  hid_t release() noexcept { return std::exchange(id_, H5I_INVALID_HID); }
  void reset() noexcept {
    if (id_ >= 0 && close_ != nullptr) close_(id_);
    id_ = H5I_INVALID_HID;
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

using Shape = std::vector<std::int64_t>;

/// What the elements of a dataset are, as stored. kOther: something that we never write.
enum class H5Element : std::uint8_t { kInt32, kInt64, kFloat32, kFloat64, kText, kOther };
std::string_view name_of(H5Element element) noexcept;

/// One HDF5 file over the C API, serial. Element types: float, double, std::int32_t, std::int64_t; strings are variable-length UTF-8.
/// Errors: kInput when reading what is not there or has another shape (file and dataset are named), kIo when writing, each with
/// HDF5's own error stack.
class H5File {
 public:
  static H5File create(const std::filesystem::path& path);
  static H5File open(const std::filesystem::path& path);
  /// An existing file of ours, to add attributes or fill datasets.
  static H5File open_to_change(const std::filesystem::path& path);
  H5File(H5File&&) noexcept = default;
  H5File& operator=(H5File&&) noexcept = default;
  ~H5File() = default;
  /// Flushes and closes, so that errors are seen (a destructor would swallow them).
  void close();

  const std::string& path() const noexcept { return path_; }
  bool contains(const std::string& name) const;
  /// Names of the datasets and groups right below `group`, sorted.
  std::vector<std::string> names(const std::string& group = "/") const;
  bool is_group(const std::string& name) const;
  Shape shape(const std::string& dataset) const;
  H5Element element(const std::string& dataset) const;
  /// For calls of HDF5 that are not wrapped here.
  hid_t id() const noexcept { return file_.get(); }

  /// A dataset with its values; groups on the way are made. `description` becomes the attribute long_name, `units` units.
  template <class T>
  void write(const std::string& dataset, const Shape& shape, std::span<const T> values, const std::string& description = "",
             const std::string& units = "");
  template <class T>
  void write(const std::string& dataset, std::span<const T> values, const std::string& description = "", const std::string& units = "") {
    write(dataset, Shape{static_cast<std::int64_t>(values.size())}, values, description, units);
  }
  void write_strings(const std::string& dataset, std::span<const std::string> values, const std::string& description = "");
  void write_strings(const std::string& dataset, std::span<const char* const> values, const std::string& description = "");
  /// An empty dataset to be filled by write_rows, (rows, cols).
  template <class T>
  void create_matrix(const std::string& dataset, std::int64_t rows, std::int64_t cols, const std::string& description = "",
                     const std::string& units = "");
  template <class T>
  void write_rows(const std::string& dataset, std::int64_t first, MatrixView<const T> rows);

  /// All values, converted to T by HDF5. `expected` (if any): the shape it must have.
  template <class T>
  std::vector<T> read(const std::string& dataset, const Shape& expected = {}) const;
  /// Rows first .. first + rows.rows - 1 of a two-dimensional dataset.
  template <class T>
  void read_rows(const std::string& dataset, std::int64_t first, MatrixView<T> rows) const;
  std::vector<std::string> read_strings(const std::string& dataset) const;

  /// Attributes of the root ("/") or of an object.
  void write_attribute(const std::string& name, const std::string& value, const std::string& object = "/");
  void write_attribute(const std::string& name, double value, const std::string& object = "/");
  void write_attribute(const std::string& name, std::int64_t value, const std::string& object = "/");
  bool has_attribute(const std::string& name, const std::string& object = "/") const;
  bool is_text_attribute(const std::string& name, const std::string& object = "/") const;
  std::string text_attribute(const std::string& name, const std::string& object = "/") const;
  double number_attribute(const std::string& name, const std::string& object = "/") const;
  std::vector<std::string> attribute_names(const std::string& object = "/") const;

 private:
  H5File(H5Handle file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  H5Handle create_dataset(const std::string& name, hid_t type, const Shape& shape);
  void describe(const std::string& dataset, const std::string& description, const std::string& units);
  H5Handle open_dataset(const std::string& name) const;

  H5Handle file_;
  std::string path_;
};

}  // namespace goracs
