#include "model/weights.hpp"

#include <ATen/Functions.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "model/safetensors.hpp"
#include "model/torch_pickle.hpp"

namespace goracs {
namespace fs = std::filesystem;
namespace {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return at::kDouble;
    case DType::kFloat32:
      return at::kFloat;
    case DType::kFloat16:
      return at::kHalf;
    case DType::kBFloat16:
      return at::kBFloat16;
    case DType::kInt64:
      return at::kLong;
    case DType::kInt32:
      return at::kInt;
    case DType::kInt16:
      return at::kShort;
    case DType::kInt8:
      return at::kChar;
    case DType::kUInt8:
      return at::kByte;
    case DType::kBool:
      return at::kBool;
  }
  return at::kFloat;
}

DType dtype_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return DType::kFloat32;
    case at::kBFloat16:
      return DType::kBFloat16;
    case at::kHalf:
      return DType::kFloat16;
    case at::kDouble:
      return DType::kFloat64;
    case at::kLong:
      return DType::kInt64;
    default:
      fail(ExitCode::kInput, "tensors of type {} are not stored", c10::toString(type));
  }
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
  const auto parsed =
      file.extension() == ".safetensors" ? parse_safetensors(mapped->bytes(), file.string()) : parse_torch_pickle(mapped->bytes(), file.string());
  for (const auto& [key, tensor] : parsed) {
    GORACS_CHECK_INPUT(tensors_.emplace(key, tensor).second, "{}: tensor '{}' is also in another shard", file.string(), key);
    owner_.emplace(key, mapped);
  }
  paths_.push_back(file);
}

void Weights::add_shards(const fs::path& index) {
  std::ifstream in(index);
  const auto json = nlohmann::json::parse(in, nullptr, false);
  GORACS_CHECK_INPUT(json.is_object() && json.contains("weight_map") && json["weight_map"].is_object(), "{}: no valid index: weight_map is missing",
                     index.string());
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

at::Tensor Weights::load(const std::string& key, const std::vector<std::int64_t>& shape, at::ScalarType dtype) const {
  const auto found = tensors_.find(key);
  GORACS_CHECK_INPUT(found != tensors_.end(), "{}: tensor '{}' is missing", paths_.front().parent_path().string(), key);
  const TensorView& view = found->second;
  TensorView wanted;
  wanted.shape = shape;
  GORACS_CHECK_INPUT(view.shape == shape, "{}: tensor '{}' has shape {}, expected {}", paths_.front().parent_path().string(), key, view.shape_text(),
                     wanted.shape_text());
  const at::Tensor stored = as_torch(view, owner_.at(key));
  GORACS_CHECK_INPUT(stored.is_floating_point(), "{}: tensor '{}' has type {}, expected a floating-point one", paths_.front().parent_path().string(),
                     key, name_of(view.dtype));
  return stored.to(dtype).contiguous();
}

}  // namespace goracs
