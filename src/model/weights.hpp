#pragma once

#include <torch/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/mapped_file.hpp"
#include "model/tensor_view.hpp"

namespace goracs {

/// All tensors of a Hugging Face folder or of one weight file, mapped from disk: model.safetensors, model.safetensors.index.json with
/// its shards, pytorch_model.bin, pytorch_model.bin.index.json with its shards; the first of these that is there.
/// A path that does not load is an error, never random weights.
class Weights {
 public:
  /// Errors: kInput naming the folder and what it lacks, or the file and tensor.
  static Weights open_folder(const std::filesystem::path& folder);
  /// One .safetensors or .bin file.
  static Weights open_file(const std::filesystem::path& file);

  bool contains(const std::string& key) const { return tensors_.contains(key); }
  const std::map<std::string, TensorView>& tensors() const noexcept { return tensors_; }
  const std::vector<std::filesystem::path>& files() const noexcept { return paths_; }

  /// Bytes that all tensors take as `dtype`: mapped ones are shared by the ranks of a host, converted ones are each rank's own.
  struct Footprint {
    std::int64_t mapped = 0, converted = 0;
  };
  /// counts: which of them; all unless given
  Footprint footprint(at::ScalarType dtype, const std::function<bool(const std::string& key)>& counts = {}) const;
  /// Errors: kUsage when this host has not enough memory for that on each of its ranks, before anything is loaded.
  void check_fits(const Footprint& bytes, int ranks_on_host, at::ScalarType dtype) const;

  /// The tensor of this key and shape, of this type and on this device: the mapping itself where it is what is wanted, else a copy.
  /// Errors: kInput when the key is missing, the shape differs or the stored type is no floating-point one.
  at::Tensor load(const std::string& key, const std::vector<std::int64_t>& shape, const at::TensorOptions& placed) const;

 private:
  void add_file(const std::filesystem::path& file);
  void add_shards(const std::filesystem::path& index);

  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::shared_ptr<MappedFile>> owner_;  ///< of each tensor
  std::vector<std::filesystem::path> paths_;
};

/// The stored tensor as a Torch tensor over the same bytes; `owner` lives as long as it does.
at::Tensor as_torch(const TensorView& view, std::shared_ptr<const void> owner);

/// A contiguous CPU tensor as a view; the tensor must outlive it.
TensorView view_of(const at::Tensor& tensor);

}  // namespace goracs
