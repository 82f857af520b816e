#include "model/activation_bytes.hpp"

namespace goracs {

double layer_activation_bytes(const LlamaConfig& llama, double tokens) {
  constexpr double kOfHidden = 8, kOfIntermediate = 3;
  return tokens * sizeof(float) *
         (kOfHidden * static_cast<double>(llama.hidden_size) + kOfIntermediate * static_cast<double>(llama.intermediate_size));
}

}  // namespace goracs
