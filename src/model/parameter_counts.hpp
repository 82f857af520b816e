#pragma once

#include "base/config.hpp"
#include "model/model_config.hpp"

namespace goracs {

/// Parameters of the layers that multiply every token (LLaMA: without embedding and head).
double layer_parameters(const LlamaConfig& llama);
double layer_parameters(const EncoderConfig& encoder);
/// All parameters.
double all_parameters(const LlamaConfig& llama);
double all_parameters(const EncoderConfig& encoder);
/// Parameters of the LoRA adapter.
double adapter_parameters(const LlamaConfig& llama, const LoraConfig& lora);

}  // namespace goracs
