#include "train/finetune_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "model/length_batches.hpp"

namespace goracs {
namespace {

std::vector<std::int64_t> lengths_of(const std::vector<TrainingSample>& samples) {
  std::vector<std::int64_t> lengths;
  for (const TrainingSample& sample : samples) lengths.push_back(static_cast<std::int64_t>(sample.ids.size()));
  return lengths;
}

/// In the order in which a backward pass comes to them.
std::vector<RowBlock> layer_buckets(const Adapter& adapter) {
  std::vector<RowBlock> buckets;
  std::int64_t begin = 0;
  for (std::int64_t layer = 0; layer < adapter.num_layers(); ++layer) {
    std::int64_t end = begin;
    for (const at::Tensor& tensor : adapter.layer_tensors(layer)) end += tensor.numel();
    buckets.push_back({begin, end});
    begin = end;
  }
  std::ranges::reverse(buckets);
  return buckets;
}

/// Copies gradients of a layer's tensors, or zeros where there are none.
void copy_gradients(const std::vector<at::Tensor>& gradients, const std::vector<at::Tensor>& tensors, std::span<float> into) {
  std::vector<at::Tensor> all;
  for (std::size_t k = 0; k < tensors.size(); ++k) all.push_back(gradients[k].defined() ? gradients[k] : at::zeros_like(tensors[k]));
  std::ranges::copy(flattened(all), into.begin());
}

/// The adapter's own copy, with gradients.
Adapter tracked(const Adapter& start) {
  Adapter adapter = start.clone();
  adapter.track_gradients(true);
  return adapter;
}

}  // namespace

FinetuneLoop::FinetuneLoop(const Llama& model, const Adapter& start, std::vector<TrainingSample> train, std::vector<TrainingSample> valid,
                           BatchPlan plan, const FinetuneSettings& settings, Communicator& world)
    : model_(model),
      adapter_(tracked(start)),
      layers_(adapter_),
      buckets_(layer_buckets(adapter_)),
      train_(std::move(train)),
      valid_(std::move(valid)),
      settings_(settings),
      world_(world),
      plan_(std::move(plan)),
      rate_{settings.learning_rate, settings.warmup_steps, plan_.total_steps} {
  GORACS_CHECK_INPUT(!train_.empty(), "finetuning needs at least one sample");
  state_.parameters = flattened(adapter_.tensors());
  state_.best_parameters = state_.parameters;
  state_.optimizer = AdamW::start(state_.parameters.size());
  state_.stopping.patience = settings.patience;
}

void FinetuneLoop::advance(const Stops& stops) {
  if (evaluation_is_due()) {  // before the first step, or cut short after the last
    evaluate(stops);
    if (evaluation_is_due() || end() != FinetuneEnd::kGoesOn) return;
  }
  StepLoss step = global_gradient(plan_.batch(state_.step));
  const double norm = l2_norm(step.gradient);
  GORACS_CHECK_NUMERIC(std::isfinite(norm), "step {}: the gradient norm is {}", state_.step, norm);
  clip_to_norm(step.gradient, norm, settings_.max_grad_norm);
  const double rate = rate_.at(state_.step);
  settings_.optimizer.update(state_.optimizer, state_.parameters, step.gradient, rate);
  unflatten(state_.parameters, adapter_.tensors());
  state_.history.train_loss.push_back(step.loss);
  state_.history.grad_norm.push_back(norm);
  state_.history.learning_rate.push_back(rate);
  ++state_.step;

  if (valid_.empty()) state_.best_parameters = state_.parameters;
  if (evaluation_is_due()) evaluate(stops);
}

bool FinetuneLoop::evaluation_is_due() const {
  const std::vector<std::int64_t>& evaluated = state_.history.valid_step;
  const bool at_this_step = state_.step % settings_.eval_steps == 0 || state_.step == rate_.total_steps;
  return !valid_.empty() && at_this_step && (evaluated.empty() || evaluated.back() != state_.step);
}

/// The mean over the micro-batches of their losses and gradients, each weighing the same.
FinetuneLoop::StepLoss FinetuneLoop::global_gradient(const GlobalBatch& batch) {
  const auto count = static_cast<std::int64_t>(batch.micro_batches.size());
  std::vector<double> losses(batch.micro_batches.size(), 0.0);
  GradientSum gradients(count, buckets_, world_);
  for (std::int64_t b = world_.rank(); b < count; b += world_.size()) {
    const auto k = static_cast<std::size_t>(b);
    const std::span<float> into = gradients.add_micro_batch();
    const auto compute = [&] {
      return micro_batch_gradient(model_, adapter_, chosen(batch.micro_batches[k]), settings_.micro_batch,
                                  fmt::format("step {} micro-batch {}", state_.step, b));
    };
    const bool is_last = b + world_.size() >= count;
    const MicroBatchGradient micro = is_last && settings_.overlap_sums ? last_gradient(compute, into, gradients) : compute();
    losses[k] = micro.loss;
    std::ranges::copy(micro.gradient, into.begin());
    world_.still_working();
  }
  model_.meet_others();
  std::vector<float> gradient = gradients.finish();
  world_.all_reduce(std::span<double>(losses), ReduceOp::kSum);  // one rank gives a number, the others zeros: exact
  double sum = 0;
  for (std::size_t b = 0; b < losses.size(); ++b) {
    GORACS_CHECK_NUMERIC(std::isfinite(losses[b]), "step {}, micro-batch {}: the loss is {}", state_.step, b, losses[b]);
    sum += losses[b];
  }
  const auto share = 1.0F / static_cast<float>(count);
  for (float& g : gradient) g *= share;
  return {sum / static_cast<double>(count), std::move(gradient)};
}

/// The gradient of this rank's last micro-batch; the sum over all ranks begins layer by layer as they are whole.
MicroBatchGradient FinetuneLoop::last_gradient(const std::function<MicroBatchGradient()>& compute, std::span<float> gradient,
                                               GradientSum& sum) {
  MicroBatchGradient micro;
  layers_.during([&] { micro = compute(); },
                 [&](std::int64_t layer, const std::vector<at::Tensor>& gradients) {
                   const RowBlock& bucket = buckets_[buckets_.size() - 1 - static_cast<std::size_t>(layer)];
                   copy_gradients(gradients, adapter_.layer_tensors(layer),
                                  gradient.subspan(static_cast<std::size_t>(bucket.begin), static_cast<std::size_t>(bucket.size())));
                   sum.begin_bucket();
                   world_.still_working();
                 });
  return micro;
}

void FinetuneLoop::evaluate(const Stops& stops) {
  const std::optional<double> loss = valid_loss(stops);
  if (!loss) return;
  state_.history.valid_step.push_back(state_.step);
  state_.history.valid_loss.push_back(*loss);
  if (state_.step > 0 && state_.stopping.is_best(state_.step, *loss)) state_.best_parameters = state_.parameters;
}

std::optional<double> FinetuneLoop::valid_loss(const Stops& stops) {
  const auto batches = length_batches(lengths_of(valid_), settings_.valid_batch_tokens);
  const LossSettings& kind = settings_.micro_batch.loss;
  const SharedStart start(model_, adapter_, shared_tokens(valid_, kind), kind);
  model_.meet_others();
  std::vector<double> sum(valid_.size(), 0.0), count(valid_.size(), 0.0);
  const auto rank = static_cast<std::size_t>(world_.rank()), ranks = static_cast<std::size_t>(world_.size());
  for (std::size_t round = 0; round < batches.size(); round += ranks) {
    if (stops()) return std::nullopt;
    if (const std::size_t k = round + rank; k < batches.size()) {
      std::vector<const TrainingSample*> samples;
      for (const std::int64_t i : batches[k]) samples.push_back(&valid_[static_cast<std::size_t>(i)]);
      const std::vector<SampleLoss> losses = sample_losses(model_, adapter_, samples, kind, start);
      for (std::size_t j = 0; j < losses.size(); ++j) {
        const auto i = static_cast<std::size_t>(batches[k][j]);
        sum[i] = losses[j].sum;
        count[i] = losses[j].count;
      }
      world_.still_working();
    }
    model_.meet_others();
  }
  world_.all_reduce(std::span<double>(sum), ReduceOp::kSum);  // as above: exact
  world_.all_reduce(std::span<double>(count), ReduceOp::kSum);
  double total = 0, tokens = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    total += sum[i];
    tokens += count[i];
  }
  const double loss = tokens > 0 ? total / tokens : 0.0;
  GORACS_CHECK_NUMERIC(std::isfinite(loss), "step {}: the validation loss is {}", state_.step, loss);
  return loss;
}

FinetuneEnd FinetuneLoop::end() const {
  if (evaluation_is_due()) return FinetuneEnd::kGoesOn;
  if (state_.stopping.should_stop()) return FinetuneEnd::kNoImprovement;
  return state_.step >= rate_.total_steps ? FinetuneEnd::kAllSteps : FinetuneEnd::kGoesOn;
}

void FinetuneLoop::restore(FinetuneState state) {
  state.stopping.patience = settings_.patience;
  state_ = std::move(state);
  unflatten(state_.parameters, adapter_.tensors());
}

Adapter FinetuneLoop::best() const {
  Adapter best = adapter_.clone();
  unflatten(state_.best_parameters, best.tensors());
  return best;
}

std::vector<const TrainingSample*> FinetuneLoop::chosen(const std::vector<std::int64_t>& indices) const {
  std::vector<const TrainingSample*> samples;
  for (const std::int64_t i : indices) samples.push_back(&train_[static_cast<std::size_t>(i)]);
  return samples;
}

}  // namespace goracs
