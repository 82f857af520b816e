#include "stages/memory_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/available_memory.hpp"
#include "base/error.hpp"
#include "kernels/gpu.hpp"
#include "model/activation_bytes.hpp"
#include "model/parameter_counts.hpp"

namespace goracs {
namespace {

constexpr double kFloat = 4;
constexpr double kLossRows = 256;           ///< whose logits are held at once (train/row_loss)
constexpr double kValidationTokens = 4096;  ///< of a validation batch (FinetuneSettings)
constexpr double kEncoderWidths = 12;       ///< hidden states at once in an encoder's layer, the MLP's four among them

double count(std::int64_t value) { return static_cast<double>(value); }

/// model.shard: a slice of each layer and two whole ones; embedding and head are whole.
double weights(const Config& config, const ModelShapes& models, int ranks) {
  const double all = all_parameters(models.llama), layers = layer_parameters(models.llama);
  const double held = all - layers + layers / ranks + 2 * layers / std::max(1.0, count(models.llama.num_layers));
  return (config.model.shard ? held : all) * models.weight_bytes;
}

/// Keys and values of so many tokens in all layers.
double keys_and_values(const ModelShapes& models, double tokens) {
  const LlamaConfig& llama = models.llama;
  return 2 * count(llama.num_layers * llama.num_key_value_heads * llama.head_dim) * models.weight_bytes * tokens;
}

/// A layer's attention where no fused kernel takes it: scores and their softmax.
double scores(const LlamaConfig& llama, const BatchShape& batch) {
  return 2 * count(llama.num_heads) * batch.tokens * batch.longest * kFloat;
}

/// One layer forward, no graph.
double layer_forward(const LlamaConfig& llama, const BatchShape& batch) {
  return layer_activation_bytes(llama, batch.tokens) + scores(llama, batch);
}

double logits(const LlamaConfig& llama, double rows) { return rows * count(llama.vocab_size) * kFloat; }

void plan_grads(MemoryPlan& plan, const Config& config, const ModelShapes& models, const BatchShape& batch) {
  plan.activations = 2 * layer_forward(models.llama, batch) + 2 * batch.tokens * count(models.llama.hidden_size) * kFloat;
  if (!config.is_ctrpre()) plan.activations += 3 * logits(models.llama, kLossRows);
  plan.caches =
      keys_and_values(models, batch.longest) + keys_and_values(models, batch.tokens) / std::max(1.0, count(models.llama.num_layers));
}

void plan_finetune(MemoryPlan& plan, const Config& config, const ModelShapes& models, const BatchShape& batch, int ranks) {
  const LlamaConfig& llama = models.llama;
  const double one = plan.adapter, micro_batches = std::ceil(count(config.finetune.batch_size) / count(config.finetune.micro_batch_size));
  plan.adapter = 2 * one;
  plan.optimizer = (5 + std::ceil(micro_batches / ranks)) * one;
  const bool keeps_layers = config.finetune.checkpoint_layers == "never" && !config.model.shard;
  const double kept = keeps_layers ? layer_forward(llama, batch) : batch.tokens * count(llama.hidden_size) * models.weight_bytes;
  const double micro = count(llama.num_layers) * kept + 2 * layer_forward(llama, batch);
  const double validation = 2 * layer_forward(llama, {kValidationTokens, std::min(kValidationTokens, batch.longest)});
  plan.activations = std::max(micro, validation) + 2 * batch.tokens * count(llama.hidden_size) * kFloat;
  if (!config.is_ctrpre()) plan.activations += 3 * logits(llama, kLossRows);
  plan.caches = keys_and_values(models, batch.longest);
}

/// Titles: prompts with their keys and values, room for the beams' tokens, their mask; logits of a step as candidates.
void plan_evaluate(MemoryPlan& plan, const Config& config, const ModelShapes& models, const BatchShape& batch) {
  plan.activations = layer_forward(models.llama, batch);
  plan.caches = keys_and_values(models, batch.longest);
  if (config.is_ctrpre()) return;
  const double beams = count(config.evaluate.num_beams), room = beams * count(config.evaluate.max_new_tokens);
  const double columns = batch.longest + room, prompts = std::max(1.0, std::floor(batch.tokens / columns));
  constexpr double kLogits = 2, kKeys = 2;  // as computed and in float32; an integer of 8 bytes a candidate, twice (GPU)
  plan.activations += (kLogits + 2 * kKeys) * logits(models.llama, prompts * beams);
  plan.caches += keys_and_values(models, prompts * (columns + batch.longest)) + 2 * prompts * beams * columns * kFloat;
}

std::string gigabytes(double bytes) {
  constexpr double kBytesPerGigabyte = 1e9;
  return fmt::format("{:.2f}", bytes / kBytesPerGigabyte);
}

}  // namespace

MemoryPlan memory_plan(Stage stage, const Config& config, const ModelShapes& models, const BatchShape& given, int ranks) {
  const BatchShape batch{std::max(given.tokens, given.longest), given.longest};
  MemoryPlan plan;
  plan.stage = stage;
  if (stage == Stage::kEmbed) {
    plan.weights = all_parameters(models.encoder) * kFloat;
    plan.activations =
        batch.tokens * (kEncoderWidths * count(models.encoder.hidden_size) + 2 * count(models.encoder.num_heads) * batch.longest) * kFloat;
    plan.remedy = "encoder.batch_tokens";
    return plan;
  }
  plan.weights = weights(config, models, ranks);
  plan.adapter = adapter_parameters(models.llama, config.lora) * kFloat;
  if (stage == Stage::kGrads) {
    plan_grads(plan, config, models, batch);
    plan.remedy = "grads.batch_tokens, or set model.shard";
  } else if (stage == Stage::kFinetune) {
    plan_finetune(plan, config, models, batch, ranks);
    plan.remedy = "finetune.micro_batch_size, or set finetune.checkpoint_layers: always or model.shard";
  } else {
    plan_evaluate(plan, config, models, batch);
    plan.remedy = "evaluate.batch_tokens or evaluate.max_new_tokens, or set model.shard";
  }
  return plan;
}

MemoryPlan title_plan(Stage stage, const Config& config, const ModelShapes& models, const BatchShape& batch, int ranks) {
  MemoryPlan plan;
  plan.stage = stage;
  plan.weights = weights(config, models, ranks);
  plan.activations = layer_forward(models.llama, batch);
  plan.remedy = "the ranks of a host, or set model.shard";
  return plan;
}

FreeMemory FreeMemory::here(int ranks_on_host) {
  if (cuda::in_use()) return {static_cast<double>(cuda::gpu_memory().available), true, 1};
  return {static_cast<double>(available_memory()), false, ranks_on_host};
}

void check_fits(const MemoryPlan& plan, const FreeMemory& memory) {
  const double own = (memory.on_gpu ? plan.on_device() : plan.total()) - plan.shared, needed = own * memory.ranks + plan.shared;
  GORACS_CHECK_USAGE(needed <= memory.bytes,
                     "{} needs {} GB on {} (a rank: weights {}, adapter {}, optimizer {}, activations {}, caches {}; ranks that share it: "
                     "{}), but {} GB are free: "
                     "lower {}",
                     name_of(plan.stage), gigabytes(needed), memory.on_gpu ? "the GPU" : "this host", gigabytes(plan.weights + plan.shared),
                     gigabytes(plan.adapter), gigabytes(plan.optimizer), gigabytes(plan.activations), gigabytes(plan.caches), memory.ranks,
                     gigabytes(memory.bytes), plan.remedy);
}

std::int64_t fitting_tokens(const std::function<MemoryPlan(double)>& plan_of, const FreeMemory& memory) {
  constexpr std::int64_t kLeast = 1024, kMost = 65536;
  constexpr double kUsed = 0.9;
  std::int64_t tokens = kMost;
  while (tokens > kLeast && plan_of(count(tokens)).on_device() > kUsed * memory.bytes) tokens /= 2;
  return tokens;
}

}  // namespace goracs
