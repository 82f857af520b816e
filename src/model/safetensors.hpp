#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/tensor_view.hpp"

namespace goracs {

/// The tensors of a safetensors file's bytes: u64 header length (little endian), JSON header {"name": {"dtype", "shape", "data_offsets":
/// [begin, end)}, ..., "__metadata__": {text: text}}, then the data.
/// Strict: header at most 100 MB, keys unique, offsets in range, sizes equal to dtype x shape, the data covered without gap or overlap.
/// Errors: kInput naming `name` (the file) and the tensor.
std::map<std::string, TensorView> parse_safetensors(std::span<const std::byte> file, const std::string& name);

/// Writes float32 (or any) tensors, in the order of their names, with metadata {"format": "pt"}, which transformers asks for.
/// Errors: kIo. The caller renames; nothing half-written stays under the final name.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors);

}  // namespace goracs
