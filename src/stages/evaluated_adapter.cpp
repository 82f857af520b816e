#include "stages/evaluated_adapter.hpp"

#include <ATen/Functions.h>

#include "base/error.hpp"
#include "model/prefix_cache.hpp"

namespace goracs {
namespace {

/// The tuned adapter's folder, its files checked.
std::filesystem::path tuned_folder(const StageContext& context) {
  context.input(Stage::kFinetune, "adapter/adapter_config.json");
  return context.input(Stage::kFinetune, "adapter/adapter_model.safetensors").parent_path();
}

}  // namespace

std::optional<Adapter> evaluated_adapter(const StageContext& context, const LanguageModel& model) {
  const std::string& named = context.config().evaluate.adapter;
  if (named == "none") return std::nullopt;
  Adapter adapter = named == "start"   ? model.starting_adapter()
                    : named == "tuned" ? Adapter::load(tuned_folder(context), model.llama().config())
                                       : Adapter::load(named, model.llama().config());
  GORACS_CHECK_INPUT(adapter.b_norm() > 0, "evaluate.adapter {}: all its B are zero, it changes nothing; for the base model say none",
                     named);
  return adapter.on(model.llama().device());
}

double logit_difference(const Llama& model, const Adapter& adapter, std::span<const TokenId> prompt) {
  const c10::InferenceMode no_graph;
  const auto logits = [&](const Adapter* used) {
    return model.logits(last_hidden(model, used, PrefixCache(), {{prompt}})).to(at::kDouble);
  };
  return (logits(&adapter) - logits(nullptr)).abs().max().item<double>();
}

}  // namespace goracs
