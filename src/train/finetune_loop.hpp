#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "train/adam_w.hpp"
#include "train/early_stopping.hpp"
#include "train/epoch_order.hpp"
#include "train/gradient_sum.hpp"
#include "train/layer_gradients.hpp"
#include "train/learning_rate.hpp"
#include "train/micro_batch.hpp"

namespace goracs {

struct FinetuneSettings {
  MicroBatchSettings micro_batch;
  double learning_rate = 0;
  std::int64_t warmup_steps = 0;
  AdamW optimizer;
  double max_grad_norm = 1;
  std::int64_t eval_steps = 1;
  std::int64_t patience = 0;
  bool overlap_sums =
      true;  ///< sum up a layer's gradients while the layers below are computed; not with weights in slices, whose gathers come in between
  std::int64_t valid_batch_tokens = 4096;  ///< tokens of a validation batch, padding included; batches do not depend on the ranks
};

struct FinetuneHistory {
  std::vector<double> train_loss, learning_rate, grad_norm;  ///< of each step; the norm before clipping
  std::vector<std::int64_t> valid_step;                      ///< steps taken when it was evaluated
  std::vector<double> valid_loss;
};

/// Everything a resumed run needs to go on bit for bit; the sampler's and the dropout's position is `step`.
struct FinetuneState {
  std::int64_t step = 0;  ///< steps taken
  std::vector<float> parameters, best_parameters;
  AdamW::State optimizer;
  EarlyStopping stopping;
  FinetuneHistory history;
};

enum class FinetuneEnd { kGoesOn, kAllSteps, kNoImprovement };

/// LoRA finetuning (SPEC 7), data parallel: micro-batch b of a step runs on rank b mod R, and only the adapter's gradients travel. They are
/// summed in micro-batch order, so every number is the same for any number of ranks that have as many threads each. A layer's sum begins while the
/// last micro-batch's backward pass goes on to the layers below.
///
/// Validation runs before the first step, every `eval_steps` and after the last; the best adapter is that of the lowest loss after at least
/// one step (the state before the first is measured, not kept).
///
/// Non-goals: files and signals; the stage saves `state()` between steps and stops when asked. A pass over the validation set may be cut short; the
///   next `advance` makes it anew.
class FinetuneLoop {
 public:
  FinetuneLoop(const Llama& model, const Adapter& start, std::vector<TrainingSample> train, std::vector<TrainingSample> valid,
               BatchPlan plan, const FinetuneSettings& settings, Communicator& world);

  /// Whether to cut an evaluation short; asked on all ranks at once after each round of batches. Collective.
  using Stops = std::function<bool()>;
  /// One optimizer step with the evaluation that is due before or after it. Collective.
  /// Errors: kNumeric when a loss or gradient is not finite.
  void advance(const Stops& stops = [] { return false; });
  FinetuneEnd end() const;

  std::int64_t total_steps() const { return rate_.total_steps; }
  /// Steps that are taken and, where that is due, evaluated.
  std::int64_t steps_done() const { return state_.step - (evaluation_is_due() && state_.step > 0 ? 1 : 0); }
  const FinetuneState& state() const noexcept { return state_; }
  void restore(FinetuneState state);
  /// The adapter of the best evaluation so far.
  Adapter best() const;

  /// Mean loss over all labelled tokens (kTokens) or samples (kClasses) of the validation set; none when cut short. Collective.
  std::optional<double> valid_loss(const Stops& stops = [] { return false; });

 private:
  struct StepLoss {
    double loss;
    std::vector<float> gradient;
  };
  StepLoss global_gradient(const GlobalBatch& batch);
  MicroBatchGradient last_gradient(const std::function<MicroBatchGradient()>& compute, std::span<float> gradient, GradientSum& sum);
  bool evaluation_is_due() const;
  void evaluate(const Stops& stops);
  std::vector<const TrainingSample*> chosen(const std::vector<std::int64_t>& indices) const;

  const Llama& model_;
  Adapter adapter_;
  LayerGradients layers_;
  std::vector<RowBlock> buckets_;  ///< the parameters of each layer, the last first
  std::vector<TrainingSample> train_, valid_;
  FinetuneSettings settings_;
  Communicator& world_;
  BatchPlan plan_;
  LearningRate rate_;
  FinetuneState state_;
};

}  // namespace goracs
