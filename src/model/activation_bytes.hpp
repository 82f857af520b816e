#pragma once

#include "model/model_config.hpp"

namespace goracs {

/// Bytes that one layer's forward pass makes in float32 for `tokens` tokens and that autograd keeps for the backward pass: the inputs of norms,
/// products and adapters, the attention's operands, the MLP's three.
double layer_activation_bytes(const LlamaConfig& llama, double tokens);

}  // namespace goracs
