#include "model/parameter_counts.hpp"

namespace goracs {

double layer_parameters(const LlamaConfig& llama) {
  const auto h = static_cast<double>(llama.hidden_size), f = static_cast<double>(llama.intermediate_size);
  const auto q = static_cast<double>(llama.num_heads * llama.head_dim),
             kv = static_cast<double>(llama.num_key_value_heads * llama.head_dim);
  return static_cast<double>(llama.num_layers) * (2 * h * q + 2 * h * kv + 3 * h * f);
}

double layer_parameters(const EncoderConfig& encoder) {
  const auto h = static_cast<double>(encoder.hidden_size), f = static_cast<double>(encoder.intermediate_size);
  return static_cast<double>(encoder.num_layers) * (4 * h * h + 2 * h * f);
}

double all_parameters(const LlamaConfig& llama) {
  const double table = static_cast<double>(llama.vocab_size) * static_cast<double>(llama.hidden_size);
  return layer_parameters(llama) + (llama.tie_word_embeddings ? 1 : 2) * table;
}

double all_parameters(const EncoderConfig& encoder) {
  return layer_parameters(encoder) +
         static_cast<double>(encoder.vocab_size + encoder.max_position_embeddings) * static_cast<double>(encoder.hidden_size);
}

double adapter_parameters(const LlamaConfig& llama, const LoraConfig& lora) {
  const auto h = static_cast<double>(llama.hidden_size), f = static_cast<double>(llama.intermediate_size);
  const auto q = static_cast<double>(llama.num_heads * llama.head_dim),
             kv = static_cast<double>(llama.num_key_value_heads * llama.head_dim);
  double sides = 0;  // inputs and outputs of all projections that get one
  for (const std::string& module : lora.target_modules) {
    if (module == "q_proj" || module == "o_proj") sides += h + q;
    if (module == "k_proj" || module == "v_proj") sides += h + kv;
    if (module == "gate_proj" || module == "up_proj" || module == "down_proj") sides += h + f;
  }
  return static_cast<double>(llama.num_layers) * static_cast<double>(lora.r) * sides;
}

}  // namespace goracs
