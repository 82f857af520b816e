#include "model/safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/error.hpp"

namespace goracs {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own limit
constexpr std::uint64_t kLengthBytes = 8;
constexpr std::int64_t kMostElements = std::int64_t{1} << 48;
constexpr int kDeepestHeader = 8;  // an honest one has three levels

constexpr DType kEveryDType[] = {DType::kFloat64, DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kInt64,
                                 DType::kInt32,   DType::kInt16,   DType::kInt8,    DType::kUInt8,    DType::kBool};

std::optional<DType> dtype_named(std::string_view text) {
  const auto* found = std::find_if(std::begin(kEveryDType), std::end(kEveryDType), [&](DType dtype) { return name_of(dtype) == text; });
  return found == std::end(kEveryDType) ? std::nullopt : std::optional(*found);
}

/// Parses the header; keys that stand twice and deep nesting are errors (the JSON library would keep the last, or the stack overflow).
Json parse_header(std::span<const std::byte> text, const std::string& name) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    GORACS_CHECK_INPUT(depth <= kDeepestHeader, "{}: the safetensors header is nested deeper than {} levels", name, kDeepestHeader);
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.empty()) {
      const auto& key = parsed.get_ref<const std::string&>();
      GORACS_CHECK_INPUT(keys.back().insert(key).second, "{}: key '{}' stands twice in the safetensors header", name, key);
    }
    return true;
  };
  try {
    const auto* begin = reinterpret_cast<const char*>(text.data());
    return Json::parse(begin, begin + text.size(), watch);
  } catch (const Json::exception& error) {
    fail(ExitCode::kInput, "{}: broken safetensors header: {}", name, error.what());
  }
}

struct Extent {
  std::uint64_t begin, end;
  std::string tensor;
};

/// One entry of the header, checked against itself and the data's size.
TensorView parse_entry(const std::string& key, const Json& entry, std::span<const std::byte> data, const std::string& name,
                       Extent& extent) {
  GORACS_CHECK_INPUT(entry.is_object() && entry.contains("dtype") && entry.contains("shape") && entry.contains("data_offsets"),
                     "{}: tensor '{}' lacks dtype, shape or data_offsets", name, key);
  const Json& offsets = entry["data_offsets"];
  GORACS_CHECK_INPUT(entry["dtype"].is_string() && entry["shape"].is_array() && offsets.is_array() && offsets.size() == 2 &&
                         offsets[0].is_number_unsigned() && offsets[1].is_number_unsigned(),
                     "{}: tensor '{}': dtype must be text, shape a list, data_offsets two counts", name, key);
  TensorView tensor;
  const auto dtype = dtype_named(entry["dtype"].get_ref<const std::string&>());
  GORACS_CHECK_INPUT(dtype.has_value(), "{}: tensor '{}' has the unknown dtype {}", name, key, entry["dtype"].dump());
  tensor.dtype = *dtype;
  std::int64_t count = 1;
  for (const Json& extent_of_axis : entry["shape"]) {
    GORACS_CHECK_INPUT(
        extent_of_axis.is_number_unsigned() && extent_of_axis.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMostElements),
        "{}: tensor '{}' has a shape that is not a list of counts", name, key);
    const auto length = extent_of_axis.get<std::int64_t>();
    GORACS_CHECK_INPUT(length == 0 || count <= kMostElements / length, "{}: tensor '{}' is too large", name, key);
    count *= length;
    tensor.shape.push_back(length);
  }
  extent = {offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>(), key};
  GORACS_CHECK_INPUT(extent.begin <= extent.end && extent.end <= data.size(),
                     "{}: tensor '{}' ends at byte {} of the data, but the file holds {}: truncated?", name, key, extent.end, data.size());
  const auto wanted = static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(size_of(tensor.dtype));
  GORACS_CHECK_INPUT(extent.end - extent.begin == wanted, "{}: tensor '{}' has {} bytes, its dtype and shape ask for {}", name, key,
                     extent.end - extent.begin, wanted);
  tensor.strides = row_major_strides(tensor.shape);
  tensor.bytes = data.subspan(extent.begin, wanted);
  return tensor;
}

/// The tensors' extents follow one another from 0 to the end of the data.
void check_cover(std::vector<Extent>& extents, std::uint64_t data_size, const std::string& name) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  std::uint64_t next = 0;
  for (const Extent& extent : extents) {
    GORACS_CHECK_INPUT(extent.begin == next, "{}: tensor '{}' begins at byte {} of the data, expected {} (gap or overlap)", name,
                       extent.tensor, extent.begin, next);
    next = extent.end;
  }
  GORACS_CHECK_INPUT(next == data_size, "{}: {} bytes of data behind the last tensor", name, data_size - next);
}

}  // namespace

std::map<std::string, TensorView> parse_safetensors(std::span<const std::byte> file, const std::string& name) {
  GORACS_CHECK_INPUT(file.size() >= kLengthBytes, "{}: {} bytes are too few for a safetensors file: truncated?", name, file.size());
  std::uint64_t header_length = 0;
  std::memcpy(&header_length, file.data(), kLengthBytes);
  GORACS_CHECK_INPUT(header_length <= kLongestHeader, "{}: not a safetensors file (header of {} bytes)", name, header_length);
  GORACS_CHECK_INPUT(header_length <= file.size() - kLengthBytes, "{}: the header has {} bytes, the file {}: truncated?", name,
                     header_length, file.size());
  const auto data = file.subspan(kLengthBytes + header_length);
  const Json header = parse_header(file.subspan(kLengthBytes, header_length), name);
  GORACS_CHECK_INPUT(header.is_object(), "{}: the safetensors header is not an object", name);

  std::map<std::string, TensorView> tensors;
  std::vector<Extent> extents;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") continue;
    extents.emplace_back();
    tensors.emplace(key, parse_entry(key, entry, data, name, extents.back()));
  }
  check_cover(extents, data.size(), name);
  return tensors;
}

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors) {
  Json header = {{"__metadata__", {{"format", "pt"}}}};
  std::uint64_t offset = 0;
  for (const auto& [key, tensor] : tensors) {
    const auto size = static_cast<std::uint64_t>(tensor.count() * size_of(tensor.dtype));
    header[key] = {{"dtype", name_of(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + size}}};
    offset += size;
  }
  std::string text = header.dump();
  text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');  // data begins aligned, as the format advises
  const std::uint64_t length = text.size();
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), kLengthBytes);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  for (const auto& [key, tensor] : tensors)
    out.write(reinterpret_cast<const char*>(tensor.bytes.data()), static_cast<std::streamsize>(tensor.count() * size_of(tensor.dtype)));
  out.flush();
  GORACS_CHECK_IO(out.good(), "{}: cannot write: {}", path.string(), std::strerror(errno));
}

}  // namespace goracs
