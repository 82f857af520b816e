#include "commands/stage_costs.hpp"

#include <algorithm>
#include <cmath>

#include "stages/long_loop.hpp"
#include "stages/stage_identity.hpp"

namespace goracs {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;
constexpr double kFloat = 4, kDouble = 8;
constexpr double kForward = 2;                     ///< operations a parameter and token: multiply and add
constexpr double kBatchTokens = kAutoBatchTokens;  ///< of a batch of embed, grads and evaluate, unless the config says
/// A process with its libraries, before it has read anything (measured: 0.35 GiB with LibTorch).
constexpr double kProcess = 400 * kMiB;
/// An exchange's transport, solved on every rank alike (docs/selection.md: 12-28 ms at 5000 columns and about 1000 rows, on a CPU).
constexpr double kExchangeSeconds = 0.028, kGreedyPasses = 2;

double count(std::int64_t value) { return static_cast<double>(value); }

ModelShapes shapes_of(const Workload& work) { return {work.llama, work.encoder, work.weight_bytes()}; }

/// Of a batch of that many tokens, samples being as long as they are on average.
MemoryPlan planned(Stage stage, const Workload& work, double tokens, double longest, int ranks) {
  return memory_plan(stage, work.config, shapes_of(work), {tokens, longest}, ranks);
}
/// model.shard: what a rank sends so that all have every layer whole in each of `passes`, those of all ranks together.
double gathered_bytes(const Workload& work, double passes, int ranks) {
  const double others = layer_parameters(work.llama) * work.weight_bytes() * (ranks - 1) / ranks;
  return work.config.model.shard ? std::ceil(passes / ranks) * others : 0;
}
double batch_tokens(const std::optional<std::int64_t>& given) { return given ? count(*given) : kBatchTokens; }

/// Attention's products for `samples` of `tokens` tokens: scores and weighted values, the causal half of both.
double attention_flop(double layers, double width, double samples, double tokens) {
  return kForward * layers * width * samples * tokens * tokens;
}

double llama_forward(const Workload& work, double samples, double tokens) {
  const LlamaConfig& llama = work.llama;
  return kForward * layer_parameters(llama) * samples * tokens +
         attention_flop(count(llama.num_layers), count(llama.num_heads * llama.head_dim), samples, tokens);
}
double head_flop(const Workload& work, double tokens) { return kForward * count(work.llama.hidden_size * work.llama.vocab_size) * tokens; }

StageCosts prepare(const Workload& work) {
  StageCosts costs;
  costs.stage = Stage::kPrepare;
  costs.rank_bytes = kProcess + 3 * work.text_bytes;
  costs.disk_bytes = 2 * work.text_bytes;  // samples.h5 and the JSON files
  return costs;
}

StageCosts embed(const Workload& work, int ranks) {
  StageCosts costs;
  costs.stage = Stage::kEmbed;
  const double samples = count(work.num_train + work.num_valid), d = count(work.encoder.hidden_size);
  const double tokens = std::min(work.tokens, count(work.config.encoder.max_length));
  costs.model_flop =
      kForward * layer_parameters(work.encoder) * samples * tokens + 2 * attention_flop(count(work.encoder.num_layers), d, samples, tokens);
  costs.models = planned(Stage::kEmbed, work, batch_tokens(work.config.encoder.batch_tokens), tokens, ranks);
  costs.rank_bytes = kProcess + costs.models.total() + samples * d * kFloat;
  costs.disk_bytes = samples * d * kFloat;
  if (work.num_items == 0) return costs;
  constexpr double kTitle = 12;
  costs.model_flop += llama_forward(work, count(work.num_items), kTitle);
  costs.sent_bytes = gathered_bytes(work, count(work.num_items) * kTitle / kBatchTokens, ranks);
  const MemoryPlan titles = title_plan(Stage::kEmbed, work.config, shapes_of(work), kTitleBatch, ranks);
  costs.models.weights += titles.weights;  // the encoder stays
  costs.models.activations = std::max(costs.models.activations, titles.activations);
  costs.rank_bytes = kProcess + costs.models.total() + samples * d * kFloat;
  costs.disk_bytes += count(work.num_items * work.llama.hidden_size) * kFloat;
  return costs;
}

StageCosts grads(const Workload& work, int ranks) {
  StageCosts costs;
  costs.stage = Stage::kGrads;
  const double samples = count(work.num_train), tokens = samples * work.tokens;
  const double scored = work.config.is_ctrpre() ? samples : tokens;  // tokens whose logits are needed
  const double last_layer = llama_forward(work, samples, work.tokens) / std::max(1.0, count(work.llama.num_layers));
  costs.model_flop = llama_forward(work, samples, work.tokens) + 2 * head_flop(work, scored) + last_layer;
  const double batch = batch_tokens(work.config.grads.batch_tokens);
  costs.sent_bytes = gathered_bytes(work, tokens / batch, ranks);
  costs.models = planned(Stage::kGrads, work, batch, work.tokens, ranks);
  costs.rank_bytes = kProcess + costs.models.total();
  costs.disk_bytes = samples * 2 * kDouble;
  return costs;
}

StageCosts select(const Workload& work, int ranks) {
  StageCosts costs;
  costs.stage = Stage::kSelect;
  const SelectConfig& config = work.config.select;
  const double n = count(config.budget), columns = count(work.num_valid), rows = count(work.num_train), d = count(work.encoder.hidden_size);
  constexpr double kFlopPerComponent = 3, kPassesPerExchange = 0.2;  // subtract, multiply, add; pruning is lazy
  const double matrix = rows * columns * kFloat;
  const double exchanges = config.method == "random" ? 0 : count(config.max_exchanges);
  costs.exact_flop = kFlopPerComponent * rows * columns * d;
  costs.memory_bytes = matrix * (2 + kGreedyPasses + kPassesPerExchange * exchanges);
  costs.serial_seconds = exchanges * kExchangeSeconds * columns / 5000.0;
  costs.sent_bytes = (n + 2 * exchanges) * columns * kFloat;
  costs.rank_bytes = kProcess + 1.1 * matrix / ranks + 2 * n * columns * kFloat + 32 * kMiB;
  costs.disk_bytes = n * (2 * kDouble) + n * work.text_bytes / std::max(1.0, rows);
  return costs;
}

StageCosts finetune(const Workload& work, int ranks) {
  StageCosts costs;
  costs.stage = Stage::kFinetune;
  const FinetuneConfig& config = work.config.finetune;
  const double n = count(work.config.select.budget), steps_an_epoch = std::ceil(n / count(config.batch_size));
  const double steps = steps_an_epoch * count(config.epochs), validations = std::floor(steps / count(config.eval_steps)) + 1;
  const double samples = n * count(config.epochs), scored = work.config.is_ctrpre() ? 1 : work.tokens;
  constexpr double kPasses = 3;  // forward, again for the backward pass, gradients of activations (frozen weights have none)
  costs.model_flop =
      kPasses * (llama_forward(work, samples, work.tokens) + head_flop(work, samples * scored)) +
      validations * (llama_forward(work, count(work.num_valid), work.tokens) + head_flop(work, count(work.num_valid) * scored));
  const double adapter = adapter_parameters(work.llama, work.config.lora) * kFloat;
  const double micro = count(config.micro_batch_size) * work.tokens;
  costs.sent_bytes = 2 * adapter * steps * (ranks - 1) / ranks + gathered_bytes(work, 2 * samples / count(config.micro_batch_size), ranks) +
                     validations * gathered_bytes(work, count(work.num_valid) * work.tokens / kBatchTokens, ranks);
  costs.models = planned(Stage::kFinetune, work, micro, work.tokens, ranks);
  costs.rank_bytes = kProcess + costs.models.total();
  costs.disk_bytes = adapter * (1 + 4 * count(config.keep + 1));
  return costs;
}

StageCosts evaluate(const Workload& work, int ranks) {
  StageCosts costs;
  costs.stage = Stage::kEvaluate;
  const double samples = count(work.num_test), batch = batch_tokens(work.config.evaluate.batch_tokens);
  costs.model_flop = llama_forward(work, samples, work.tokens) + head_flop(work, samples);
  costs.sent_bytes = gathered_bytes(work, samples * work.tokens / batch, ranks);
  costs.models = planned(Stage::kEvaluate, work, batch, work.tokens, ranks);
  costs.rank_bytes = kProcess + costs.models.total();
  costs.disk_bytes = samples * 64 * kDouble;
  if (work.config.is_ctrpre()) return costs;
  const double beams = count(work.config.evaluate.num_beams);
  const double generated = samples * beams * work.answer_tokens, at_once = std::max(1.0, batch / work.tokens);
  costs.model_flop += kForward * layer_parameters(work.llama) * generated + head_flop(work, generated);
  costs.memory_bytes = std::ceil(samples / at_once) * work.answer_tokens * all_parameters(work.llama) * work.weight_bytes();
  costs.sent_bytes += gathered_bytes(work, std::ceil(samples / at_once) * work.answer_tokens, ranks);
  return costs;
}

StageCosts costs_of(Stage stage, const Workload& work, int ranks) {
  switch (stage) {
    case Stage::kPrepare: return prepare(work);
    case Stage::kEmbed: return embed(work, ranks);
    case Stage::kGrads: return grads(work, ranks);
    case Stage::kSelect: return select(work, ranks);
    case Stage::kFinetune: return finetune(work, ranks);
    case Stage::kEvaluate: break;
  }
  return evaluate(work, ranks);
}

}  // namespace

std::vector<StageCosts> stage_costs(const Workload& work, int ranks) {
  std::vector<StageCosts> all;
  for (const Stage stage : stages_of(work.config)) all.push_back(costs_of(stage, work, ranks));
  return all;
}

}  // namespace goracs
