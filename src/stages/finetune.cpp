#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "comm/agreement.hpp"
#include "data/samples_file.hpp"
#include "model/activation_bytes.hpp"
#include "stages/coreset_file.hpp"
#include "stages/language_model.hpp"
#include "stages/long_loop.hpp"
#include "stages/stages.hpp"
#include "train/finetune_loop.hpp"
#include "train/finetune_state_file.hpp"

namespace goracs {
namespace {

constexpr const char* kFinetuneState = "finetune.h5";

struct FinetuneInput {
  std::unique_ptr<LanguageModel> model;
  Adapter start;
  std::vector<TrainingSample> coreset, valid;
  std::int64_t shortened = 0;
};

FinetuneInput read_finetune_input(const StageContext& context) {
  FinetuneInput input;
  together(context.world(), [&] {
    const Config& config = context.config();
    const bool label_first = config.finetune.label_first;
    const H5File samples = context.open_input(Stage::kPrepare, "samples.h5");
    const SampleTable pool = read_samples(samples, "train");
    const std::vector<std::int64_t> rows = read_coreset(context.open_input(Stage::kSelect, "coreset.h5"), pool.size());
    input.model =
        std::make_unique<LanguageModel>(config, config.is_ctrpre() ? read_classes(samples) : std::vector<std::string>{}, context.world());
    TokenisedSplit coreset = input.model->tokenised(pool, "train", rows, /*train_on_inputs=*/true, label_first);
    TokenisedSplit valid = input.model->tokenised(read_samples(samples, "valid"), "valid", /*train_on_inputs=*/true, label_first);
    input.coreset = std::move(coreset.samples);
    input.valid = std::move(valid.samples);
    input.shortened = coreset.shortened + valid.shortened;
    const double longest = longest_of({&input.coreset, &input.valid});
    const double micro_batch = longest * static_cast<double>(std::min<std::size_t>(
                                             static_cast<std::size_t>(config.finetune.micro_batch_size), input.coreset.size()));
    input.model->load(memory_plan(Stage::kFinetune, config, input.model->shapes(), {micro_batch, longest}, context.world().size()));
    input.start = input.model->starting_adapter();
  });
  return input;
}

/// Whether layers are computed again in the backward pass. Either way gives the same bits, so each rank may decide for itself.
bool checkpoints_layers(const Config& config, const FinetuneInput& input, const Communicator& world) {
  const std::string& setting = config.finetune.checkpoint_layers;
  if (config.model.shard) return true;  // a layer's weights are gone by then
  if (setting != "auto") return setting == "always";
  constexpr double kShare = 0.5;  // of the memory that is free
  const LlamaConfig& llama = input.model->llama().config();
  const double tokens = static_cast<double>(config.finetune.micro_batch_size) * longest_of({&input.coreset});
  const double kept = static_cast<double>(llama.num_layers) * layer_activation_bytes(llama, tokens);
  const FreeMemory memory = FreeMemory::here(world.local_size());
  return kept * memory.ranks > kShare * memory.bytes;
}

FinetuneSettings settings_of(const Config& config, const LanguageModel& model) {
  const FinetuneConfig& finetune = config.finetune;
  FinetuneSettings settings;
  settings.micro_batch.loss = model.loss(finetune.label_first);
  settings.micro_batch.dropout = config.lora.dropout;
  settings.micro_batch.seed = static_cast<std::uint64_t>(config.seed);
  settings.learning_rate = finetune.learning_rate;
  settings.warmup_steps = finetune.warmup_steps;
  settings.optimizer.weight_decay = finetune.weight_decay;
  settings.max_grad_norm = finetune.max_grad_norm;
  settings.eval_steps = finetune.eval_steps;
  settings.patience = finetune.patience;
  settings.overlap_sums = !config.model.shard;
  return settings;
}

BatchPlan plan_of(const Config& config, const std::vector<TrainingSample>& coreset) {
  std::vector<std::int64_t> lengths;
  for (const TrainingSample& sample : coreset) lengths.push_back(static_cast<std::int64_t>(sample.ids.size()));
  const BatchSizes sizes{config.finetune.batch_size, config.finetune.micro_batch_size, config.finetune.group_by_length};
  return EpochOrder(std::move(lengths), sizes, static_cast<std::uint64_t>(config.seed)).plan(config.finetune.epochs);
}

void warn_of_idle_ranks(const Config& config, const Communicator& world) {
  const std::int64_t micro_batches = config.finetune.batch_size / config.finetune.micro_batch_size;
  if (micro_batches % world.size() != 0)
    log_warning("finetune: {} micro-batches a step on {} ranks: some ranks wait for others", micro_batches, world.size());
}

void write_history(H5File file, const FinetuneState& state, const std::string& stop_reason, std::int64_t shortened) {
  const FinetuneHistory& history = state.history;
  file.write<double>("/train_loss", history.train_loss, "of each step");
  file.write<double>("/learning_rate", history.learning_rate, "of each step");
  file.write<double>("/grad_norm", history.grad_norm, "of each step, before clipping");
  file.write<std::int64_t>("/valid_step", history.valid_step, "steps taken when the validation loss was measured");
  file.write<double>("/valid_loss", history.valid_loss, "validation loss");
  file.write_attribute("best_step", state.stopping.best_step);
  file.write_attribute("best_valid_loss", state.stopping.best_loss);
  file.write_attribute("stop_reason", stop_reason);
  file.write_attribute("samples_shortened", shortened);
  file.close();
}

/// "loss 0.6931, validation 0.7012", as far as they are known.
std::string figure_of(const FinetuneHistory& history) {
  std::string text;
  if (!history.train_loss.empty()) text += fmt::format("loss {:.4f}", history.train_loss.back());
  if (!history.valid_loss.empty()) text += fmt::format("{}validation {:.4f}", text.empty() ? "" : ", ", history.valid_loss.back());
  return text;
}

}  // namespace

StageEnd finetune(StageContext& context) {
  const Config& config = context.config();
  FinetuneInput input = read_finetune_input(context);
  warn_of_idle_ranks(config, context.world());
  const BatchPlan plan = plan_of(config, input.coreset);
  FinetuneSettings settings = settings_of(config, *input.model);
  settings.micro_batch.checkpoint_layers = checkpoints_layers(config, input, context.world());
  if (settings.micro_batch.checkpoint_layers) log_info("finetune: each layer is computed again in the backward pass");
  FinetuneLoop tuning(input.model->llama(), input.start, std::move(input.coreset), std::move(input.valid), plan, settings, context.world());
  if (const auto saved = context.saved_state(kFinetuneState))
    together(context.world(), [&] { tuning.restore(read_finetune_state(*saved, input.start.num_parameters())); });

  LongLoop loop(
      context, kFinetuneState, "steps", tuning.total_steps(), tuning.steps_done(),
      [&](const std::filesystem::path& path) { write_finetune_state(path, tuning.state()); }, config.finetune.keep);
  while (tuning.end() == FinetuneEnd::kGoesOn) {
    tuning.advance([&] { return stop_agreed(context.world()).has_value(); });
    if (loop.stops(tuning.steps_done(), figure_of(tuning.state().history))) return StageEnd::kStopped;
  }

  const std::string stop_reason = tuning.end() == FinetuneEnd::kAllSteps ? "all_steps" : "no_improvement";
  const Adapter best = tuning.best();
  log_info("finetune: {} after {} steps, best validation loss {:.4f} at step {}; {}", stop_reason, tuning.state().step,
           tuning.state().stopping.best_loss, tuning.state().stopping.best_step, best.summary());
  on_root(context.world(), [&] {
    best.save(context.folder().new_file("adapter"), config.model.path.filename().string());
    write_history(context.folder().create_h5("history.h5", context.provenance()), tuning.state(), stop_reason, input.shortened);
  });
  return context.seal();
}

}  // namespace goracs
