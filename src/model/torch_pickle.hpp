#pragma once

#include <map>
#include <span>
#include <string>

#include "model/tensor_view.hpp"

namespace goracs {

/// The tensors of a pytorch_model.bin's bytes (torch.save: a zip of stored entries, data.pkl and the storages) without running a pickle:
/// only the opcodes and globals that a dict of tensors needs are known, all else is refused by name.
/// Views, shared storages and transposed tensors keep their strides. Errors: kInput naming `name` (the file).
std::map<std::string, TensorView> parse_torch_pickle(std::span<const std::byte> file, const std::string& name);

}  // namespace goracs
