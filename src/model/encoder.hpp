#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "model/model_config.hpp"

namespace goracs {

/// A sentence encoder of the BERT (Devlin et al., arXiv 1810.04805) or RoBERTa (Liu et al., arXiv 1907.11692) family, weights frozen, float32.
class Encoder {
 public:
  /// Errors: kInput naming what the folder lacks.
  static Encoder load(const std::filesystem::path& folder, at::Device device = at::kCPU);

  const EncoderConfig& config() const noexcept { return config_; }

  /// ids (B, T) int64 on any device, padded on the right, lengths[b] real tokens in row b  ->  last hidden state (B, T, H); rows of padding mean nothing.
  at::Tensor hidden_states(const at::Tensor& ids, const std::vector<std::int64_t>& lengths) const;
  /// The same, averaged over the real tokens  ->  (B, H) float32, not normalised.
  at::Tensor mean_pooled(const at::Tensor& ids, const std::vector<std::int64_t>& lengths) const;

 private:
  struct Norm {
    at::Tensor weight, bias;
  };
  struct Linear {
    at::Tensor weight, bias;
  };
  struct Layer {
    Linear query, key, value, output, intermediate, down;
    Norm attention_norm, output_norm;
  };
  at::Tensor layer(const Layer& layer, const at::Tensor& x, const at::Tensor& mask) const;
  at::Tensor norm(const at::Tensor& x, const Norm& norm) const;

  EncoderConfig config_;
  at::Tensor words_, positions_, types_;
  Norm embedding_norm_;
  std::vector<Layer> layers_;
};

}  // namespace goracs
