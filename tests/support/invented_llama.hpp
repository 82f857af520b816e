#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "model/adapter.hpp"
#include "model/safetensors.hpp"
#include "model/weights.hpp"

namespace goracs::test {

/// Writes a small LLaMA of so many layers with drawn weights: sizes that few numbers divide, grouped queries, a head of its own.
inline void write_invented_llama(const std::filesystem::path& folder, std::int64_t layers) {
  constexpr std::int64_t kHidden = 30, kWide = 37, kHeads = 3, kWidth = 10, kVocabulary = 211;
  const nlohmann::json config = {{"architectures", {"LlamaForCausalLM"}},
                                 {"model_type", "llama"},
                                 {"hidden_act", "silu"},
                                 {"hidden_size", kHidden},
                                 {"intermediate_size", kWide},
                                 {"num_attention_heads", kHeads},
                                 {"num_key_value_heads", 1},
                                 {"head_dim", kWidth},
                                 {"num_hidden_layers", layers},
                                 {"vocab_size", kVocabulary},
                                 {"rms_norm_eps", 1e-5},
                                 {"rope_theta", 10000.0},
                                 {"tie_word_embeddings", false},
                                 {"max_position_embeddings", 128}};
  std::ofstream(folder / "config.json") << config.dump();

  auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
  std::map<std::string, at::Tensor> tensors;
  const auto draw = [&](const std::string& name, at::IntArrayRef shape) {
    constexpr double kSize = 0.2;
    tensors[name + ".weight"] = at::randn(shape, generator, at::kFloat) * kSize;
  };
  draw("model.embed_tokens", {kVocabulary, kHidden});
  draw("lm_head", {kVocabulary, kHidden});
  draw("model.norm", {kHidden});
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    for (const char* norm : {"input_layernorm", "post_attention_layernorm"}) draw(layer + norm, {kHidden});
    draw(layer + "self_attn.q_proj", {kHeads * kWidth, kHidden});
    draw(layer + "self_attn.k_proj", {kWidth, kHidden});
    draw(layer + "self_attn.v_proj", {kWidth, kHidden});
    draw(layer + "self_attn.o_proj", {kHidden, kHeads * kWidth});
    draw(layer + "mlp.gate_proj", {kWide, kHidden});
    draw(layer + "mlp.up_proj", {kWide, kHidden});
    draw(layer + "mlp.down_proj", {kHidden, kWide});
  }
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors) views.emplace(name, view_of(tensor));
  write_safetensors(folder / "model.safetensors", views);
}

/// An adapter of it whose B are not zero.
inline Adapter invented_adapter(const LlamaConfig& config) {
  Adapter adapter = Adapter::fresh(config, LoraShape{}, 1);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(8);
  for (at::Tensor& tensor : adapter.tensors()) {
    constexpr double kSize = 0.05;
    tensor.copy_(at::randn(tensor.sizes(), generator, at::kFloat) * kSize);
  }
  return adapter;
}

}  // namespace goracs::test
