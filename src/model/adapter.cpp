#include "model/adapter.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/philox.hpp"

namespace goracs {
namespace {

/// The blocks a layer's projections live in, in the order in which a pair is stored.
struct Module {
  std::string_view name;
  std::string_view block;
};
constexpr Module kModules[] = {{"q_proj", "self_attn"}, {"k_proj", "self_attn"}, {"v_proj", "self_attn"}, {"o_proj", "self_attn"},
                               {"gate_proj", "mlp"},    {"up_proj", "mlp"},      {"down_proj", "mlp"}};

const Module& module_named(std::string_view name) {
  for (const Module& module : kModules)
    if (module.name == name) return module;
  fail(ExitCode::kInput,
       "LoRA target '{}' is no projection of a LLaMA layer (q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj)", name);
}

}  // namespace

std::pair<std::int64_t, std::int64_t> projection_shape(const LlamaConfig& model, std::string_view module) {
  const std::int64_t queries = model.num_heads * model.head_dim, keys = model.num_key_value_heads * model.head_dim;
  if (module == "q_proj") return {model.hidden_size, queries};
  if (module == "k_proj" || module == "v_proj") return {model.hidden_size, keys};
  if (module == "o_proj") return {queries, model.hidden_size};
  if (module == "gate_proj" || module == "up_proj") return {model.hidden_size, model.intermediate_size};
  if (module == "down_proj") return {model.intermediate_size, model.hidden_size};
  fail(ExitCode::kInput, "'{}' is no projection of a LLaMA layer", module);
}

Adapter Adapter::empty(const LlamaConfig& model, const LoraShape& shape) {
  Adapter adapter;
  adapter.shape_ = shape;
  adapter.num_layers_ = model.num_layers;
  const auto order = [](const std::string& name) { return &module_named(name); };
  std::sort(adapter.shape_.target_modules.begin(), adapter.shape_.target_modules.end(),
            [&](const std::string& a, const std::string& b) { return order(a) < order(b); });
  for (std::int64_t layer = 0; layer < model.num_layers; ++layer)
    for (const auto& target : adapter.shape_.target_modules) {
      const auto [in, out] = projection_shape(model, target);
      adapter.pairs_.push_back({at::zeros({shape.r, in}), at::zeros({out, shape.r})});
    }
  return adapter;
}

Adapter Adapter::fresh(const LlamaConfig& model, const LoraShape& shape, std::uint64_t seed) {
  Adapter adapter = empty(model, shape);
  const auto names = adapter.names();
  for (std::size_t k = 0; k < adapter.pairs_.size(); ++k) {
    at::Tensor& a = adapter.pairs_[k].a;
    const Philox random(seed, names[2 * k]);
    const float bound = 1.0F / std::sqrt(static_cast<float>(a.size(1)));
    auto* value = a.data_ptr<float>();
    for (std::int64_t i = 0; i < a.numel(); ++i) value[i] = (2.0F * random.uniform(static_cast<std::uint64_t>(i)) - 1.0F) * bound;
  }
  return adapter;
}

const LoraPair* Adapter::find(std::int64_t layer, std::string_view module) const {
  const auto& targets = shape_.target_modules;
  const auto found = std::find(targets.begin(), targets.end(), module);
  if (found == targets.end()) return nullptr;
  return &pairs_[static_cast<std::size_t>(layer) * targets.size() + static_cast<std::size_t>(found - targets.begin())];
}

std::vector<at::Tensor> Adapter::tensors() const {
  std::vector<at::Tensor> all;
  for (const LoraPair& pair : pairs_) all.insert(all.end(), {pair.a, pair.b});
  return all;
}

std::vector<at::Tensor> Adapter::layer_tensors(std::int64_t layer) const {
  std::vector<at::Tensor> all;
  for (const auto& target : shape_.target_modules) {
    const LoraPair* pair = find(layer, target);
    all.insert(all.end(), {pair->a, pair->b});
  }
  return all;
}

std::vector<std::string> Adapter::names() const {
  std::vector<std::string> all;
  for (std::int64_t layer = 0; layer < num_layers_; ++layer)
    for (const auto& target : shape_.target_modules)
      for (const char part : {'A', 'B'})
        all.push_back(
            fmt::format("base_model.model.model.layers.{}.{}.{}.lora_{}.weight", layer, module_named(target).block, target, part));
  return all;
}

std::int64_t Adapter::num_parameters() const {
  std::int64_t count = 0;
  for (const LoraPair& pair : pairs_) count += pair.a.numel() + pair.b.numel();
  return count;
}

Adapter Adapter::clone() const {
  Adapter copy = *this;
  for (LoraPair& pair : copy.pairs_) pair = {pair.a.detach().clone(), pair.b.detach().clone()};
  return copy;
}

Adapter Adapter::on(at::Device device) const {
  Adapter placed = *this;
  for (LoraPair& pair : placed.pairs_) pair = {pair.a.detach().to(device), pair.b.detach().to(device)};
  return placed;
}

void Adapter::track_gradients(bool tracked) {
  for (LoraPair& pair : pairs_) {
    pair.a.set_requires_grad(tracked);
    pair.b.set_requires_grad(tracked);
  }
}

double Adapter::b_norm() const {
  double sum = 0;
  for (const LoraPair& pair : pairs_) sum += pair.b.detach().to(at::kDouble).square().sum().item<double>();
  return std::sqrt(sum);
}

std::string Adapter::summary() const {
  constexpr double kBytesPerMegabyte = 1e6;
  return fmt::format("adapter: {} tensors, {:.1f} MB, |B|_F = {:.4g}", 2 * pairs_.size(),
                     static_cast<double>(num_parameters()) * sizeof(float) / kBytesPerMegabyte, b_norm());
}

}  // namespace goracs
