#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "comm/communicator.hpp"
#include "data/prompt_tokens.hpp"
#include "data/sample_table.hpp"
#include "data/tokenizer.hpp"
#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "stages/memory_plan.hpp"
#include "train/training_sample.hpp"

namespace goracs {

/// Samples of one split as the losses see them, and how many had to be shortened to fit prompt.cutoff_len.
struct TokenisedSplit {
  std::vector<TrainingSample> samples;
  std::int64_t shortened = 0;
};

/// Tokens of the longest sample of these.
double longest_of(std::initializer_list<const std::vector<TrainingSample>*> lists);

/// The model that grads, finetune and evaluate share: weights, tokenizer and the one prompt template, as the config names them.
class LanguageModel {
 public:
  /// Everything but the weights. classes: the answers in order (CTRPre), empty for SeqRec. world: the ranks that load it too; with model.shard they
  /// hold the layers in slices, and `world` must live on. Not collective.
  /// Errors: kInput naming the folder or file; kInput when two answers begin with the same token.
  LanguageModel(const Config& config, const std::vector<std::string>& classes, Communicator& world);

  /// What the model and its batches take, for memory_plan and title_plan.
  const ModelShapes& shapes() const noexcept { return shapes_; }
  /// The weights, where the stage's plan fits into what is free. Not collective. Errors: kUsage (check_fits); kInput naming the folder or file.
  void load(MemoryPlan plan);

  /// Once it is loaded.
  const Llama& llama() const { return llama_.value(); }
  const Tokenizer& tokenizer() const noexcept { return *tokenizer_; }
  const PromptTemplate& prompt_template() const noexcept { return template_; }
  const PromptTokens& prompts() const noexcept { return *prompts_; }

  /// model.adapter, or without one a fresh adapter drawn by grads.seed.
  Adapter starting_adapter() const;
  /// What is predicted and what padding is.
  LossSettings loss(bool label_first) const;
  /// split: "train", "valid" or "test", for errors; rows: which of its samples. How many are too long stands in the log.
  TokenisedSplit tokenised(const SampleTable& table, const std::string& split, bool train_on_inputs, bool label_first) const;
  TokenisedSplit tokenised(const SampleTable& table, const std::string& split, std::span<const std::int64_t> rows, bool train_on_inputs,
                           bool label_first) const;

 private:
  const Config& config_;
  Communicator& world_;
  at::TensorOptions placed_;  ///< the weights' type and device
  ModelShapes shapes_;
  std::optional<Llama> llama_;
  std::unique_ptr<Tokenizer> tokenizer_;
  PromptTemplate template_;
  std::unique_ptr<PromptTokens> prompts_;
};

}  // namespace goracs
