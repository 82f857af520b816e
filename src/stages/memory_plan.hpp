#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/config.hpp"
#include "base/stage.hpp"
#include "model/model_config.hpp"

namespace goracs {

/// What the models of a stage take on one rank at their peak, in bytes, calculated from shapes before anything is loaded.
struct MemoryPlan {
  Stage stage = Stage::kEmbed;
  double weights = 0;      ///< each rank's own; with model.shard its slices and two whole layers
  double shared = 0;       ///< weights mapped from a file that already has them as they are wanted: once a host
  double adapter = 0;      ///< with its gradients
  double optimizer = 0;    ///< parameters, the best ones, both moments, gradients that wait for their sum: on the host always
  double activations = 0;  ///< of a batch, up to the losses
  double caches = 0;       ///< keys and values of shared prefixes and of beams
  std::string remedy;      ///< the keys that make it smaller

  double on_device() const { return weights + shared + adapter + activations + caches; }
  double total() const { return on_device() + optimizer; }
};

/// A batch of a stage, padding included.
struct BatchShape {
  double tokens = 0;   ///< of the batch; a batch holds one sequence at least, whatever it says
  double longest = 0;  ///< of its sequences
};

/// A batch of titles: no setting of one stage may change what another has computed. A title of more tokens than the longest is rare, and fits all the same.
inline constexpr BatchShape kTitleBatch{2048, 128};

/// The models that a stage's bytes follow from; those that it does not use may be empty.
struct ModelShapes {
  LlamaConfig llama;
  EncoderConfig encoder;
  int weight_bytes = 4;  ///< of one number of the language model
};

/// For embed without the titles (encoder alone), grads, finetune and evaluate. Finetuning keeps all that its layers compute where
/// finetune.checkpoint_layers is never, else their inputs.
MemoryPlan memory_plan(Stage stage, const Config& config, const ModelShapes& models, const BatchShape& batch, int ranks);
/// For the language model's pass over titles.
MemoryPlan title_plan(Stage stage, const Config& config, const ModelShapes& models, const BatchShape& batch, int ranks);

/// Memory that is free for models.
struct FreeMemory {
  double bytes = 0;
  bool on_gpu = false;
  int ranks = 1;  ///< that share it

  /// Of the GPU that this process has taken, else of this host, which `ranks_on_host` share.
  static FreeMemory here(int ranks_on_host);
};

/// Errors: kUsage naming the stage, what it needs for what, what is free, and which keys to change.
void check_fits(const MemoryPlan& plan, const FreeMemory& memory);

/// The largest of 1024, 2048, ... 65536 tokens whose plan leaves a tenth of the memory free; 1024 where none does.
std::int64_t fitting_tokens(const std::function<MemoryPlan(double tokens)>& plan_of, const FreeMemory& memory);

}  // namespace goracs
