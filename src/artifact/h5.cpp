#include "artifact/h5.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <numeric>

#include "base/error.hpp"
#include "base/open_error.hpp"

namespace goracs {
namespace {

/// HDF5's own error stack as one line, innermost reason last.
std::string error_stack() {
  std::string text;
  const auto add = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    auto& line = *static_cast<std::string*>(out);
    if (!line.empty()) line += "; ";
    line += error->desc != nullptr ? error->desc : "?";
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, add, &text);
  H5Eclear2(H5E_DEFAULT);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "no reason given" : text;
}

/// HDF5 tells the system's error in words ("errno = 5, error message = ..."): a disk that fails is kIo, whatever was to be done.
ExitCode code_of(const std::string& stack, ExitCode otherwise) {
  constexpr std::string_view kMark = "errno = ";
  const std::size_t at = stack.find(kMark);
  if (at == std::string::npos) return otherwise;
  const int number = std::atoi(stack.c_str() + at + kMark.size());
  return number != 0 && code_of_open_error(number) == ExitCode::kIo ? ExitCode::kIo : otherwise;
}

/// Throws with the error stack when an HDF5 call failed.
hid_t checked(hid_t id, ExitCode code, const std::string& path, const std::string& what) {
  if (id >= 0) return id;
  const std::string stack = error_stack();
  fail(code_of(stack, code), "{}: {}: {}", path, what, stack);
}
#define GORACS_H5_TRY(call, code, path, what) checked(static_cast<hid_t>(call), code, path, what)

/// Closes what was written to. HDF5 keeps small writes back until then, so this is where they fail; a destructor would swallow it.
void close_written(H5Handle& written, const std::string& path, const std::string& what) {
  const H5I_type_t kind = H5Iget_type(written.get());
  const hid_t id = written.release();
  GORACS_H5_TRY(kind == H5I_ATTR ? H5Aclose(id) : H5Dclose(id), ExitCode::kIo, path, "cannot write " + what);
}

/// At the end of the process the library would close once more what it could not close before, and crash on that (a failed write at H5Fclose). We
/// close all files ourselves. Only heeded before any other call of HDF5, hence before main. MPI_Finalize would do the same for a library that was
/// started after MPI_Init: so it starts here.
[[maybe_unused]] const herr_t kNothingAtExit = H5dont_atexit() < 0 ? -1 : H5open();

/// The library prints its errors by itself unless told not to; ours carry them.
void silence() {
  static const bool kDone = [] {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    return true;
  }();
  static_cast<void>(kDone);
}

template <class T>
hid_t native_type();
template <>
hid_t native_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t native_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t native_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t native_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}

/// The type as stored: little endian, of the same width.
template <class T>
hid_t stored_type();
template <>
hid_t stored_type<float>() {
  return H5T_IEEE_F32LE;
}
template <>
hid_t stored_type<double>() {
  return H5T_IEEE_F64LE;
}
template <>
hid_t stored_type<std::int32_t>() {
  return H5T_STD_I32LE;
}
template <>
hid_t stored_type<std::int64_t>() {
  return H5T_STD_I64LE;
}

/// How files are opened: without flock, which network file systems lack or feign; leases keep writers apart.
H5Handle file_access() {
  H5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
#if H5_VERSION_GE(1, 10, 7)  // before, only HDF5_USE_FILE_LOCKING=FALSE in the environment turns it off
  H5Pset_file_locking(access.get(), false, true);
#endif
  return access;
}

H5Handle utf8_type() {
  H5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

H5Handle space_of(const Shape& shape) {
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  return {extents.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), H5Sclose};
}

Shape shape_of(hid_t space) {
  std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, extents.data(), nullptr);
  return {extents.begin(), extents.end()};
}

std::int64_t count_of(const Shape& shape) { return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()); }

std::string text_of(const Shape& shape) {
  std::string text = "(";
  for (std::size_t k = 0; k < shape.size(); ++k) text += (k > 0 ? ", " : "") + std::to_string(shape[k]);
  return text + ")";
}

/// Reads variable-length or fixed strings through `read`, and gives HDF5's memory back.
std::vector<std::string> strings_of(hid_t type, hid_t space, const std::function<herr_t(hid_t, void*)>& read, const std::string& path,
                                    const std::string& what) {
  const auto count = static_cast<std::size_t>(count_of(shape_of(space)));
  std::vector<std::string> values(count);
  if (count == 0) return values;
  if (H5Tis_variable_str(type) > 0) {
    const H5Handle memory_type = [&] {
      H5Handle copy(H5Tcopy(H5T_C_S1), H5Tclose);
      H5Tset_size(copy.get(), H5T_VARIABLE);
      H5Tset_cset(copy.get(), H5Tget_cset(type));
      return copy;
    }();
    std::vector<char*> pointers(count, nullptr);
    GORACS_H5_TRY(read(memory_type.get(), static_cast<void*>(pointers.data())), ExitCode::kInput, path, what);
    for (std::size_t k = 0; k < count; ++k) values[k] = pointers[k] != nullptr ? pointers[k] : "";
    H5Dvlen_reclaim(memory_type.get(), space, H5P_DEFAULT, static_cast<void*>(pointers.data()));
    return values;
  }
  const std::size_t width = H5Tget_size(type);
  std::string block(count * width, '\0');
  GORACS_H5_TRY(read(type, block.data()), ExitCode::kInput, path, what);
  for (std::size_t k = 0; k < count; ++k) {
    values[k] = block.substr(k * width, width);
    values[k].resize(values[k].find_last_not_of('\0') + 1);
  }
  return values;
}

}  // namespace

std::string_view name_of(H5Element element) noexcept {
  switch (element) {
    case H5Element::kInt32: return "int32";
    case H5Element::kInt64: return "int64";
    case H5Element::kFloat32: return "float32";
    case H5Element::kFloat64: return "float64";
    case H5Element::kText: return "text";
    case H5Element::kOther: break;
  }
  return "another type";
}

H5File H5File::create(const std::filesystem::path& path) {
  silence();
  const H5Handle access = file_access();  // lives on: closing it would clear the error stack
  H5Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
  GORACS_H5_TRY(file.get(), ExitCode::kIo, path.string(), "cannot create");
  return {std::move(file), path.string()};
}

H5File H5File::open(const std::filesystem::path& path) {
  silence();
  GORACS_CHECK_INPUT(std::filesystem::exists(path), "{}: no such file", path.string());
  const H5Handle access = file_access();
  H5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  GORACS_H5_TRY(file.get(), ExitCode::kInput, path.string(), "not a readable HDF5 file");
  return {std::move(file), path.string()};
}

H5File H5File::open_to_change(const std::filesystem::path& path) {
  silence();
  const H5Handle access = file_access();
  H5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.get()), H5Fclose);
  GORACS_H5_TRY(file.get(), ExitCode::kIo, path.string(), "cannot be opened for writing");
  return {std::move(file), path.string()};
}

void H5File::close() {
  GORACS_H5_TRY(H5Fflush(file_.get(), H5F_SCOPE_LOCAL), ExitCode::kIo, path_, "cannot flush");
  GORACS_H5_TRY(H5Fclose(file_.release()), ExitCode::kIo, path_, "cannot close");
}

bool H5File::contains(const std::string& name) const {
  for (std::size_t at = name.find('/', 1); at != std::string::npos; at = name.find('/', at + 1))
    if (H5Lexists(file_.get(), name.substr(0, at).c_str(), H5P_DEFAULT) <= 0) return false;
  return name == "/" || H5Lexists(file_.get(), name.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> H5File::names(const std::string& group) const {
  GORACS_CHECK_INPUT(contains(group), "{}: group '{}' is missing", path_, group);
  const H5Handle opened(H5Gopen2(file_.get(), group.c_str(), H5P_DEFAULT), H5Gclose);
  GORACS_H5_TRY(opened.get(), ExitCode::kInput, path_, group);
  std::vector<std::string> all;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  GORACS_H5_TRY(H5Literate(opened.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &all), ExitCode::kInput, path_, group);
  return all;
}

bool H5File::is_group(const std::string& name) const {
  const H5Handle object(H5Oopen(file_.get(), name.c_str(), H5P_DEFAULT), H5Oclose);
  return object.get() >= 0 && H5Iget_type(object.get()) == H5I_GROUP;
}

H5Handle H5File::open_dataset(const std::string& name) const {
  GORACS_CHECK_INPUT(contains(name), "{}: dataset '{}' is missing", path_, name);
  H5Handle dataset(H5Dopen2(file_.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
  GORACS_H5_TRY(dataset.get(), ExitCode::kInput, path_, name);
  return dataset;
}

Shape H5File::shape(const std::string& dataset) const {
  const H5Handle opened = open_dataset(dataset);
  const H5Handle space(H5Dget_space(opened.get()), H5Sclose);
  return shape_of(space.get());
}

H5Element H5File::element(const std::string& dataset) const {
  const H5Handle opened = open_dataset(dataset);
  const H5Handle type(H5Dget_type(opened.get()), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type.get());
  const std::size_t width = H5Tget_size(type.get());
  if (kind == H5T_STRING) return H5Element::kText;
  if (kind == H5T_INTEGER && H5Tget_sign(type.get()) == H5T_SGN_2 && (width == 4 || width == 8))
    return width == 4 ? H5Element::kInt32 : H5Element::kInt64;
  if (kind == H5T_FLOAT && (width == 4 || width == 8)) return width == 4 ? H5Element::kFloat32 : H5Element::kFloat64;
  return H5Element::kOther;
}

H5Handle H5File::create_dataset(const std::string& name, hid_t type, const Shape& shape) {
  const H5Handle space = space_of(shape);
  const H5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  const H5Handle settings(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(settings.get(), false);  // equal data, equal bytes
  H5Handle dataset(H5Dcreate2(file_.get(), name.c_str(), type, space.get(), links.get(), settings.get(), H5P_DEFAULT), H5Dclose);
  GORACS_H5_TRY(dataset.get(), ExitCode::kIo, path_, "cannot create dataset " + name);
  return dataset;
}

void H5File::describe(const std::string& dataset, const std::string& description, const std::string& units) {
  if (!description.empty()) write_attribute("long_name", description, dataset);
  if (!units.empty()) write_attribute("units", units, dataset);
}

template <class T>
void H5File::write(const std::string& dataset, const Shape& shape, std::span<const T> values, const std::string& description,
                   const std::string& units) {
  GORACS_CHECK_IO(count_of(shape) == static_cast<std::int64_t>(values.size()), "{}: dataset {}: {} values for shape {}", path_, dataset,
                  values.size(), text_of(shape));
  {
    H5Handle created = create_dataset(dataset, stored_type<T>(), shape);
    if (!values.empty())
      GORACS_H5_TRY(H5Dwrite(created.get(), native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), ExitCode::kIo, path_,
                    "cannot write " + dataset);
    close_written(created, path_, dataset);
  }
  describe(dataset, description, units);
}

void H5File::write_strings(const std::string& dataset, std::span<const std::string> values, const std::string& description) {
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  write_strings(dataset, std::span<const char* const>(pointers), description);
}

void H5File::write_strings(const std::string& dataset, std::span<const char* const> values, const std::string& description) {
  {
    const H5Handle type = utf8_type();
    H5Handle created = create_dataset(dataset, type.get(), {static_cast<std::int64_t>(values.size())});
    if (!values.empty())
      GORACS_H5_TRY(H5Dwrite(created.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, static_cast<const void*>(values.data())),
                    ExitCode::kIo, path_, "cannot write " + dataset);
    close_written(created, path_, dataset);
  }
  describe(dataset, description, "");
}

template <class T>
void H5File::create_matrix(const std::string& dataset, std::int64_t rows, std::int64_t cols, const std::string& description,
                           const std::string& units) {
  H5Handle created = create_dataset(dataset, stored_type<T>(), {rows, cols});
  close_written(created, path_, dataset);
  describe(dataset, description, units);
}

namespace {

/// Selects rows first .. first + count - 1 of a (rows, cols) dataset.
H5Handle row_selection(hid_t dataset, std::int64_t first, std::int64_t count, std::int64_t cols, const std::string& path,
                       const std::string& name) {
  H5Handle space(H5Dget_space(dataset), H5Sclose);
  const Shape shape = shape_of(space.get());
  GORACS_CHECK_INPUT(shape.size() == 2 && shape[1] == cols && first >= 0 && first + count <= shape[0],
                     "{}: dataset {} has shape {}, rows {} to {} of {} columns were asked for", path, name, text_of(shape), first,
                     first + count, cols);
  const hsize_t start[] = {static_cast<hsize_t>(first), 0};
  const hsize_t size[] = {static_cast<hsize_t>(count), static_cast<hsize_t>(cols)};
  H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start, nullptr, size, nullptr);
  return space;
}

}  // namespace

template <class T>
void H5File::write_rows(const std::string& dataset, std::int64_t first, MatrixView<const T> rows) {
  GORACS_CHECK_IO(rows.stride == rows.cols, "{}: dataset {}: rows must lie side by side", path_, dataset);
  if (rows.rows == 0) return;
  H5Handle opened = open_dataset(dataset);
  const H5Handle space = row_selection(opened.get(), first, rows.rows, rows.cols, path_, dataset);
  const H5Handle memory = space_of({rows.rows, rows.cols});
  GORACS_H5_TRY(H5Dwrite(opened.get(), native_type<T>(), memory.get(), space.get(), H5P_DEFAULT, rows.data), ExitCode::kIo, path_,
                "cannot write " + dataset);
  close_written(opened, path_, dataset);
}

template <class T>
std::vector<T> H5File::read(const std::string& dataset, const Shape& expected) const {
  const H5Handle opened = open_dataset(dataset);
  const H5Handle space(H5Dget_space(opened.get()), H5Sclose);
  const Shape found = shape_of(space.get());
  GORACS_CHECK_INPUT(expected.empty() || found == expected, "{}: dataset {} has shape {}, expected {}", path_, dataset, text_of(found),
                     text_of(expected));
  std::vector<T> values(static_cast<std::size_t>(count_of(found)));
  if (!values.empty())
    GORACS_H5_TRY(H5Dread(opened.get(), native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), ExitCode::kInput, path_,
                  "cannot read " + dataset);
  return values;
}

template <class T>
void H5File::read_rows(const std::string& dataset, std::int64_t first, MatrixView<T> rows) const {
  GORACS_CHECK_INPUT(rows.stride == rows.cols, "{}: dataset {}: rows must lie side by side", path_, dataset);
  const H5Handle opened = open_dataset(dataset);
  const H5Handle space = row_selection(opened.get(), first, rows.rows, rows.cols, path_, dataset);
  if (rows.rows == 0) return;
  const H5Handle memory = space_of({rows.rows, rows.cols});
  GORACS_H5_TRY(H5Dread(opened.get(), native_type<T>(), memory.get(), space.get(), H5P_DEFAULT, rows.data), ExitCode::kInput, path_,
                "cannot read " + dataset);
}

std::vector<std::string> H5File::read_strings(const std::string& dataset) const {
  const H5Handle opened = open_dataset(dataset);
  const H5Handle type(H5Dget_type(opened.get()), H5Tclose), space(H5Dget_space(opened.get()), H5Sclose);
  GORACS_CHECK_INPUT(H5Tget_class(type.get()) == H5T_STRING, "{}: dataset {} holds no strings", path_, dataset);
  return strings_of(
      type.get(), space.get(), [&](hid_t memory, void* out) { return H5Dread(opened.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out); },
      path_, dataset);
}

namespace {

void put_attribute(hid_t file, const std::string& path, const std::string& object, const std::string& name, hid_t type, const void* value) {
  if (H5Aexists_by_name(file, object.c_str(), name.c_str(), H5P_DEFAULT) > 0)
    H5Adelete_by_name(file, object.c_str(), name.c_str(), H5P_DEFAULT);
  const H5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  H5Handle attribute(H5Acreate_by_name(file, object.c_str(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                     H5Aclose);
  GORACS_H5_TRY(attribute.get(), ExitCode::kIo, path, "cannot create attribute " + name);
  GORACS_H5_TRY(H5Awrite(attribute.get(), type, value), ExitCode::kIo, path, "cannot write attribute " + name);
  close_written(attribute, path, "attribute " + name);
}

}  // namespace

void H5File::write_attribute(const std::string& name, const std::string& value, const std::string& object) {
  const H5Handle type = utf8_type();
  const char* text = value.c_str();
  put_attribute(file_.get(), path_, object, name, type.get(), static_cast<const void*>(&text));
}

void H5File::write_attribute(const std::string& name, double value, const std::string& object) {
  put_attribute(file_.get(), path_, object, name, H5T_NATIVE_DOUBLE, &value);
}

void H5File::write_attribute(const std::string& name, std::int64_t value, const std::string& object) {
  put_attribute(file_.get(), path_, object, name, H5T_NATIVE_INT64, &value);
}

bool H5File::has_attribute(const std::string& name, const std::string& object) const {
  return H5Aexists_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

bool H5File::is_text_attribute(const std::string& name, const std::string& object) const {
  GORACS_CHECK_INPUT(has_attribute(name, object), "{}: attribute '{}' of {} is missing", path_, name, object);
  const H5Handle attribute(H5Aopen_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const H5Handle type(H5Aget_type(attribute.get()), H5Tclose);
  return H5Tget_class(type.get()) == H5T_STRING;
}

std::string H5File::text_attribute(const std::string& name, const std::string& object) const {
  GORACS_CHECK_INPUT(has_attribute(name, object), "{}: attribute '{}' of {} is missing", path_, name, object);
  const H5Handle attribute(H5Aopen_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const H5Handle type(H5Aget_type(attribute.get()), H5Tclose), space(H5Aget_space(attribute.get()), H5Sclose);
  GORACS_CHECK_INPUT(H5Tget_class(type.get()) == H5T_STRING, "{}: attribute '{}' of {} is no text", path_, name, object);
  const auto values =
      strings_of(type.get(), space.get(), [&](hid_t memory, void* out) { return H5Aread(attribute.get(), memory, out); }, path_, name);
  return values.empty() ? std::string() : values[0];
}

double H5File::number_attribute(const std::string& name, const std::string& object) const {
  GORACS_CHECK_INPUT(has_attribute(name, object), "{}: attribute '{}' of {} is missing", path_, name, object);
  const H5Handle attribute(H5Aopen_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  double value = 0;
  GORACS_H5_TRY(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value), ExitCode::kInput, path_, "attribute " + name + " is no number");
  return value;
}

std::vector<std::string> H5File::attribute_names(const std::string& object) const {
  std::vector<std::string> all;
  const auto add = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  H5Aiterate_by_name(file_.get(), object.c_str(), H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &all, H5P_DEFAULT);
  std::sort(all.begin(), all.end());
  return all;
}

#define GORACS_H5_ELEMENT(T)                                                                                                      \
  template void H5File::write<T>(const std::string&, const Shape&, std::span<const T>, const std::string&, const std::string&);   \
  template void H5File::create_matrix<T>(const std::string&, std::int64_t, std::int64_t, const std::string&, const std::string&); \
  template void H5File::write_rows<T>(const std::string&, std::int64_t, MatrixView<const T>);                                     \
  template std::vector<T> H5File::read<T>(const std::string&, const Shape&) const;                                                \
  template void H5File::read_rows<T>(const std::string&, std::int64_t, MatrixView<T>) const;
GORACS_H5_ELEMENT(float)
GORACS_H5_ELEMENT(double)
GORACS_H5_ELEMENT(std::int32_t)
GORACS_H5_ELEMENT(std::int64_t)

}  // namespace goracs
