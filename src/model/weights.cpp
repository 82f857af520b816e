#include "model/weights.hpp"

#include <ATen/Functions.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/at_work.hpp"
#include "base/available_memory.hpp"
#include "base/error.hpp"
#include "model/safetensors.hpp"
#include "model/torch_pickle.hpp"

namespace goracs {
namespace fs = std::filesystem;
namespace {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat64: return at::kDouble;
    case DType::kFloat32: return at::kFloat;
    case DType::kFloat16: return at::kHalf;
    case DType::kBFloat16: return at::kBFloat16;
    case DType::kInt64: return at::kLong;
    case DType::kInt32: return at::kInt;
    case DType::kInt16: return at::kShort;
    case DType::kInt8: return at::kChar;
    case DType::kUInt8: return at::kByte;
    case DType::kBool: return at::kBool;
  }
  return at::kFloat;
}

DType dtype_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return DType::kFloat32;
    case at::kBFloat16: return DType::kBFloat16;
    case at::kHalf: return DType::kFloat16;
    case at::kDouble: return DType::kFloat64;
    case at::kLong: return DType::kInt64;
    default: fail(ExitCode::kInput, "tensors of type {} are not stored", c10::toString(type));
  }
}

at::Tensor aligned_copy(const TensorView& view, const std::string& key) {
  GORACS_CHECK_INPUT(view.strides == row_major_strides(view.shape), "tensor '{}' is neither aligned nor contiguous", key);
  at::Tensor copy = at::empty(view.shape, at::TensorOptions(scalar_type(view.dtype)));
  std::memcpy(copy.mutable_data_ptr(), view.bytes.data(), copy.nbytes());
  return copy;
}

}  // namespace

at::Tensor as_torch(const TensorView& view, std::shared_ptr<const void> owner) {
  return at::from_blob(
      const_cast<std::byte*>(view.bytes.data()), view.shape, view.strides, [owner](void*) {}, at::TensorOptions(scalar_type(view.dtype)));
}

TensorView view_of(const at::Tensor& tensor) {
  TORCH_CHECK(tensor.is_contiguous() && tensor.is_cpu(), "a contiguous CPU tensor is expected");
  TensorView view;
  view.dtype = dtype_of(tensor.scalar_type());
  view.shape = tensor.sizes().vec();
  view.strides = tensor.strides().vec();
  view.bytes = {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
  return view;
}

void Weights::add_file(const fs::path& file) {
  const auto mapped = std::make_shared<MappedFile>(file);
  const auto parsed = file.extension() == ".safetensors" ? parse_safetensors(mapped->bytes(), file.string())
                                                         : parse_torch_pickle(mapped->bytes(), file.string());
  for (const auto& [key, tensor] : parsed) {
    GORACS_CHECK_INPUT(tensors_.emplace(key, tensor).second, "{}: tensor '{}' is also in another shard", file.string(), key);
    owner_.emplace(key, mapped);
  }
  paths_.push_back(file);
}

void Weights::add_shards(const fs::path& index) {
  std::ifstream in(index);
  const auto json = nlohmann::json::parse(in, nullptr, false);
  GORACS_CHECK_INPUT(json.is_object() && json.contains("weight_map") && json["weight_map"].is_object(),
                     "{}: no valid index: weight_map is missing", index.string());
  std::set<std::string> shards;
  for (const auto& [key, shard] : json["weight_map"].items()) {
    GORACS_CHECK_INPUT(shard.is_string(), "{}: weight_map['{}'] is no file name", index.string(), key);
    const fs::path name = shard.get<std::string>();
    GORACS_CHECK_INPUT(name == name.filename(), "{}: shard '{}' must lie beside the index", index.string(), name.string());
    shards.insert(name);
  }
  for (const auto& shard : shards) add_file(index.parent_path() / shard);
  for (const auto& [key, shard] : json["weight_map"].items())
    GORACS_CHECK_INPUT(contains(key), "{}: tensor '{}' is not in its shard {}", index.string(), key, shard.get<std::string>());
}

Weights Weights::open_folder(const fs::path& folder) {
  GORACS_CHECK_INPUT(fs::is_directory(folder), "{}: no such folder", folder.string());
  Weights weights;
  for (const char* name : {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    const fs::path path = folder / name;
    if (!fs::exists(path)) continue;
    path.extension() == ".json" ? weights.add_shards(path) : weights.add_file(path);
    return weights;
  }
  fail(ExitCode::kInput, "{}: no weights here (expected model.safetensors or pytorch_model.bin, whole or with an index)", folder.string());
}

Weights Weights::open_file(const fs::path& file) {
  Weights weights;
  weights.add_file(file);
  return weights;
}

Weights::Footprint Weights::footprint(at::ScalarType dtype, const std::function<bool(const std::string&)>& counts) const {
  Footprint bytes;
  for (const auto& [key, view] : tensors_) {
    if (counts && !counts(key)) continue;
    if (scalar_type(view.dtype) == dtype)
      bytes.mapped += view.count() * size_of(view.dtype);
    else
      bytes.converted += view.count() * static_cast<std::int64_t>(c10::elementSize(dtype));
  }
  return bytes;
}

void Weights::check_fits(const Footprint& bytes, int ranks_on_host, at::ScalarType dtype) const {
  constexpr double kBytesPerGigabyte = 1e9;
  const auto needed = static_cast<double>(bytes.mapped) + static_cast<double>(bytes.converted) * ranks_on_host;
  const auto available = static_cast<double>(available_memory());
  GORACS_CHECK_USAGE(needed <= available,
                     "{}: the weights take {:.1f} GB as {} ({:.1f} GB mapped once, {:.1f} GB held by each of {} ranks on this host), "
                     "but {:.1f} GB of "
                     "memory are free",
                     paths_.front().parent_path().string(), needed / kBytesPerGigabyte, c10::toString(dtype),
                     static_cast<double>(bytes.mapped) / kBytesPerGigabyte, static_cast<double>(bytes.converted) / kBytesPerGigabyte,
                     ranks_on_host, available / kBytesPerGigabyte);
}

at::Tensor Weights::load(const std::string& key, const std::vector<std::int64_t>& shape, const at::TensorOptions& placed) const {
  at_work();
  const auto found = tensors_.find(key);
  GORACS_CHECK_INPUT(found != tensors_.end(), "{}: tensor '{}' is missing", paths_.front().parent_path().string(), key);
  const TensorView& view = found->second;
  TensorView wanted;
  wanted.shape = shape;
  GORACS_CHECK_INPUT(view.shape == shape, "{}: tensor '{}' has shape {}, expected {}", paths_.front().parent_path().string(), key,
                     view.shape_text(), wanted.shape_text());
  at::Tensor stored = as_torch(view, owner_.at(key));
  // old writers pad no header: such data is copied where it is not aligned for its type
  const bool aligned = reinterpret_cast<std::uintptr_t>(view.bytes.data()) % static_cast<std::uintptr_t>(size_of(view.dtype)) == 0;
  if (!aligned) stored = aligned_copy(view, key);
  GORACS_CHECK_INPUT(stored.is_floating_point(), "{}: tensor '{}' has type {}, expected a floating-point one",
                     paths_.front().parent_path().string(), key, name_of(view.dtype));
  return stored.to(placed).contiguous();
}

}  // namespace goracs
