#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace goracs {

/// Scaling of rotary frequencies as LLaMA 3.1 does it (golden/CONVENTIONS: `rope_scaling` of type llama3).
struct Llama3RopeScaling {
  double factor = 1;
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  double original_max_position_embeddings = 8192;
};

/// The shape of a LLaMA, from a Hugging Face config.json in the form of transformers 4 or 5.
struct LlamaConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t num_layers = 0;
  std::int64_t num_heads = 0;
  std::int64_t num_key_value_heads = 0;
  std::int64_t head_dim = 0;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000;
  std::optional<Llama3RopeScaling> rope_scaling;
  bool tie_word_embeddings = false;
  std::string stored_dtype;  ///< what the file says, "" if nothing

  /// Errors: kInput naming the file and the key; unsupported architectures, biases, activations and scalings are refused by name.
  static LlamaConfig read(const std::filesystem::path& folder);
};

enum class EncoderKind { kBert, kRoberta };

/// The shape of a BERT or RoBERTa encoder.
struct EncoderConfig {
  EncoderKind kind = EncoderKind::kBert;
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t num_layers = 0;
  std::int64_t num_heads = 0;
  std::int64_t max_position_embeddings = 0;
  std::int64_t type_vocab_size = 0;
  std::int64_t pad_token_id = 0;
  double layer_norm_eps = 1e-12;

  static EncoderConfig read(const std::filesystem::path& folder);
  /// The longest input in tokens (RoBERTa's positions begin at pad id + 1).
  std::int64_t max_length() const {
    return kind == EncoderKind::kRoberta ? max_position_embeddings - pad_token_id - 1 : max_position_embeddings;
  }
};

}  // namespace goracs
