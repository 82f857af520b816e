#include "artifact/content_hash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string_view>
#include <vector>

#include "artifact/h5.hpp"
#include "artifact/layout.hpp"
#include "artifact/provenance.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"

namespace goracs {
namespace {

constexpr std::int64_t kPieceBytes = 16 << 20;

/// The type in which values are hashed: little endian, of the class and width in the file.
struct HashedType {
  std::string name;
  H5Handle memory;
  std::size_t width = 0;
  bool text = false;
};

HashedType hashed_type(hid_t stored, const std::string& where) {
  const H5T_class_t kind = H5Tget_class(stored);
  const std::size_t width = H5Tget_size(stored);
  if (kind == H5T_STRING) return {"text", {}, 0, true};
  GORACS_CHECK_INPUT(kind == H5T_INTEGER || kind == H5T_FLOAT, "{}: neither numbers nor text", where);
  H5Handle memory(H5Tcopy(stored), H5Tclose);
  GORACS_CHECK_INPUT(H5Tset_order(memory.get(), H5T_ORDER_LE) >= 0, "{}: numbers of no byte order", where);
  const bool is_signed = kind == H5T_INTEGER && H5Tget_sign(stored) == H5T_SGN_2;
  return {fmt::format("{}{}", kind == H5T_FLOAT ? "f" : is_signed ? "i" : "u", width), std::move(memory), width, false};
}

/// Texts are led by their length, so that no two lists of texts run into the same bytes.
void add_text(Sha256& hash, std::string_view text) {
  hash.add(fmt::format("{}:", text.size()));
  hash.add(text);
}

void add_rows(Sha256& hash, hid_t dataset, const HashedType& type, const Shape& shape, const std::string& where) {
  const std::int64_t rows = shape.empty() ? 1 : shape[0];
  const std::int64_t row_values = shape.empty() ? 1 : std::accumulate(shape.begin() + 1, shape.end(), std::int64_t{1}, std::multiplies<>());
  if (rows * row_values == 0) return;
  const std::int64_t row_bytes = row_values * static_cast<std::int64_t>(type.width);
  const std::int64_t step = std::max<std::int64_t>(1, kPieceBytes / row_bytes);
  std::vector<std::byte> piece(static_cast<std::size_t>(std::min(step, rows) * row_bytes));
  const H5Handle space(H5Dget_space(dataset), H5Sclose);
  for (std::int64_t first = 0; first < rows; first += step) {
    const std::int64_t count = std::min(step, rows - first);
    std::vector<hsize_t> start(shape.size(), 0), size(shape.begin(), shape.end());
    H5Handle memory(H5Screate(H5S_SCALAR), H5Sclose);
    if (!shape.empty()) {
      start[0] = static_cast<hsize_t>(first), size[0] = static_cast<hsize_t>(count);
      H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr);
      memory = H5Handle(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
    }
    GORACS_CHECK_INPUT(H5Dread(dataset, type.memory.get(), memory.get(), space.get(), H5P_DEFAULT, piece.data()) >= 0, "{}: cannot be read",
                       where);
    hash.add(std::span(piece).first(static_cast<std::size_t>(count * row_bytes)));
  }
}

void add_dataset(Sha256& hash, const H5File& h5, const std::string& name) {
  const std::string where = h5.path() + ": dataset " + name;
  const H5Handle dataset(H5Dopen2(h5.id(), name.c_str(), H5P_DEFAULT), H5Dclose);
  const H5Handle stored(H5Dget_type(dataset.get()), H5Tclose);
  GORACS_CHECK_INPUT(dataset.get() >= 0 && stored.get() >= 0, "{}: cannot be opened", where);
  const Shape shape = h5.shape(name);
  const HashedType type = hashed_type(stored.get(), where);
  hash.add(fmt::format("dataset {} {} ({})\n", name, type.name, fmt::join(shape, ",")));
  if (!type.text) return add_rows(hash, dataset.get(), type, shape, where);
  for (const std::string& text : h5.read_strings(name)) add_text(hash, text);
}

void add_attributes(Sha256& hash, const H5File& h5, const std::string& object) {
  for (const std::string& name : h5.attribute_names(object)) {
    if (is_time(name) || name == "long_name" || (object == "/" && is_provenance(name))) continue;
    hash.add(fmt::format("attribute {} {} ", object, name));
    const H5Handle attribute(H5Aopen_by_name(h5.id(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    const H5Handle stored(H5Aget_type(attribute.get()), H5Tclose), space(H5Aget_space(attribute.get()), H5Sclose);
    const std::string where = fmt::format("{}: attribute {} of {}", h5.path(), name, object);
    const HashedType type = hashed_type(stored.get(), where);
    hash.add(type.name + "\n");
    if (type.text) {
      add_text(hash, h5.text_attribute(name, object));
      continue;
    }
    std::vector<std::byte> values(static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space.get()))) * type.width);
    GORACS_CHECK_INPUT(values.empty() || H5Aread(attribute.get(), type.memory.get(), values.data()) >= 0, "{}: cannot be read", where);
    hash.add(values);
  }
}

void add_group(Sha256& hash, const H5File& h5, const std::string& group) {
  add_attributes(hash, h5, group);
  for (const std::string& name : h5.names(group)) {
    const std::string path = (group == "/" ? "/" : group + "/") + name;
    if (h5.is_group(path)) {
      add_group(hash, h5, path);
    } else if (!is_time(name)) {
      add_dataset(hash, h5, path);
      add_attributes(hash, h5, path);
    }
  }
}

void drop_times(nlohmann::json& value) {
  if (value.is_object())
    for (auto item = value.begin(); item != value.end();) item = is_time(item.key()) ? value.erase(item) : std::next(item);
  if (value.is_structured())
    for (auto& below : value) drop_times(below);
}

std::string json_sha256(const std::filesystem::path& file) {
  std::ifstream in(file);
  nlohmann::json value = nlohmann::json::parse(in, nullptr, false);
  GORACS_CHECK_INPUT(!value.is_discarded(), "{}: no JSON", file.string());
  drop_times(value);
  return sha256_hex(value.dump());
}

}  // namespace

std::string content_sha256_of(const std::filesystem::path& file, const std::string& name) {
  const std::filesystem::path called = std::filesystem::path(name).filename();
  if (has_time_keys(called.string())) return json_sha256(file);
  if (called.extension() != ".h5") return sha256_file(file);
  Sha256 hash;
  add_group(hash, H5File::open(file), "/");
  return hash.hex();
}

std::string content_sha256_of(const std::map<std::string, std::string>& files) {
  Sha256 hash;
  for (const auto& [name, content] : files) hash.add(fmt::format("{}\n{}\n", name, content));
  return hash.hex();
}

}  // namespace goracs
