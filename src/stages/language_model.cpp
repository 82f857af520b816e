#include "stages/language_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/log.hpp"
#include "model/device.hpp"
#include "model/weights.hpp"

namespace goracs {
namespace {

PromptSettings prompt_settings(const Config& config, const std::vector<std::string>& classes) {
  return {config.is_ctrpre() ? Task::kCtrPre : Task::kSeqRec, config.prompt.cutoff_len,
          config.prompt.truncate == "reference" ? Truncate::kReference : Truncate::kHistory, classes};
}

at::TensorOptions weights_of(const Config& config) {
  const at::Device device = model_device();
  return at::TensorOptions(compute_dtype(config.model.dtype, device.type())).device(device);
}

}  // namespace

double longest_of(std::initializer_list<const std::vector<TrainingSample>*> lists) {
  std::size_t longest = 0;
  for (const auto* samples : lists)
    for (const TrainingSample& sample : *samples) longest = std::max(longest, sample.ids.size());
  return static_cast<double>(longest);
}

LanguageModel::LanguageModel(const Config& config, const std::vector<std::string>& classes, Communicator& world)
    : config_(config),
      world_(world),
      placed_(weights_of(config)),
      shapes_{LlamaConfig::read(config.model.path), {}, static_cast<int>(placed_.dtype().itemsize())},
      tokenizer_(open_tokenizer(config.model.path)),
      template_(PromptTemplate::named(config.prompt.template_name)),
      prompts_(std::make_unique<PromptTokens>(*tokenizer_, template_, prompt_settings(config, classes))) {}

void LanguageModel::load(MemoryPlan plan) {
  const auto dtype = c10::typeMetaToScalarType(placed_.dtype());
  const FreeMemory memory = FreeMemory::here(world_.local_size());
  if (!memory.on_gpu && !config_.model.shard) {
    const Weights::Footprint bytes = Weights::open_folder(config_.model.path).footprint(dtype);
    plan.weights = static_cast<double>(bytes.converted);
    plan.shared = static_cast<double>(bytes.mapped);
  }
  check_fits(plan, memory);
  llama_ = Llama::load(config_.model.path, placed_, world_.local_size(), config_.model.shard ? &world_ : nullptr);
  constexpr double kBytesPerMegabyte = 1e6;
  if (config_.model.shard)
    log_info("model.shard: {:.1f} MB of base weights on this rank, slices of {}",
             static_cast<double>(llama_->held_bytes()) / kBytesPerMegabyte, world_.size());
}

Adapter LanguageModel::starting_adapter() const {
  if (!config_.model.adapter.empty()) return Adapter::load(config_.model.adapter, llama_->config()).on(llama_->device());
  const LoraShape shape{config_.lora.r, config_.lora.alpha, config_.lora.dropout, config_.lora.target_modules};
  return Adapter::fresh(llama_->config(), shape, static_cast<std::uint64_t>(config_.grads.seed)).on(llama_->device());
}

LossSettings LanguageModel::loss(bool label_first) const {
  LossSettings loss;
  loss.kind = config_.is_ctrpre() ? LossKind::kClasses : LossKind::kTokens;
  loss.class_tokens.assign(prompts_->class_tokens().begin(), prompts_->class_tokens().end());
  loss.label_first = label_first;
  loss.pad_id = tokenizer_->special().pad.value_or(0);
  return loss;
}

TokenisedSplit LanguageModel::tokenised(const SampleTable& table, const std::string& split, std::span<const std::int64_t> rows,
                                        bool train_on_inputs, bool label_first) const {
  TokenisedSplit all;
  all.samples.reserve(rows.size());
  for (const std::int64_t i : rows) {
    const SampleView sample = table[i];
    const TokenisedSample tokens = prompts_->with_answer(sample, fmt::format("{} sample {}", split, i));
    all.shortened += tokens.shortened ? 1 : 0;
    all.samples.push_back(training_sample(tokens, sample.label, train_on_inputs, label_first));
  }
  if (all.shortened > 0)
    log_info("{} of {} {} samples are shortened to {} tokens", all.shortened, rows.size(), split, config_.prompt.cutoff_len);
  return all;
}

TokenisedSplit LanguageModel::tokenised(const SampleTable& table, const std::string& split, bool train_on_inputs, bool label_first) const {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(table.size()));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return tokenised(table, split, rows, train_on_inputs, label_first);
}

}  // namespace goracs
