#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace goracs {

/// Element types of stored tensors.
enum class DType { kFloat64, kFloat32, kFloat16, kBFloat16, kInt64, kInt32, kInt16, kInt8, kUInt8, kBool };

std::int64_t size_of(DType dtype);
std::string_view name_of(DType dtype);

/// A tensor somewhere in a file that is mapped into memory; knows no Torch.
struct TensorView {
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  ///< in elements; row-major unless a pickle says otherwise
  std::span<const std::byte> bytes;   ///< from the tensor's first element to the end of its storage

  std::int64_t count() const;
  std::string shape_text() const;  ///< "(576, 1536)"
};

/// Row-major strides of a shape.
std::vector<std::int64_t> row_major_strides(const std::vector<std::int64_t>& shape);

}  // namespace goracs
