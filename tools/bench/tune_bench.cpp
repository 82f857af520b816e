// Times gradient norms, a LoRA step and beam search on token ids that tune_bench.py wrote, and prints "seconds cpu_seconds value" for it to compare.
//   bench_tune norms|step|beam SAMPLES.h5 MODEL_FOLDER ADAPTER_FOLDER THREADS DTYPE
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "artifact/h5.hpp"
#include "eval/ending_tokens.hpp"
#include "eval/generate.hpp"
#include "model/device.hpp"
#include "model/length_batches.hpp"
#include "train/adam_w.hpp"
#include "train/gradient_norm.hpp"
#include "train/micro_batch.hpp"

namespace {

using namespace goracs;

struct Bench {
  Bench(const std::string& samples_path, const std::string& model_folder, const std::string& adapter_folder, const std::string& dtype)
      : file(H5File::open(samples_path)),
        folder(model_folder),
        model(Llama::load(model_folder, compute_dtype(dtype))),
        adapter(Adapter::load(adapter_folder, model.config())) {
    const auto ids = file.read<std::int64_t>("ids"), offsets = file.read<std::int64_t>("offsets");
    const bool classes = file.contains("class_tokens");
    const auto position = classes ? file.read<std::int64_t>("answer_position") : std::vector<std::int64_t>();
    const auto gold = classes ? file.read<std::int64_t>("class_index") : std::vector<std::int64_t>();
    if (classes) loss = {LossKind::kClasses, file.read<std::int64_t>("class_tokens"), false, 0};
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      TrainingSample sample;
      sample.ids.assign(ids.begin() + offsets[i], ids.begin() + offsets[i + 1]);
      sample.first_label = 1;
      if (classes) {
        sample.answer_position = position[i];
        sample.class_index = gold[i];
      }
      lengths.push_back(static_cast<std::int64_t>(sample.ids.size()));
      samples.push_back(std::move(sample));
    }
    batch_tokens = static_cast<std::int64_t>(file.number_attribute("batch_tokens"));
  }

  /// The sum of all samples' gradient norms.
  double norms() const {
    double sum = 0;
    const GradientNormSettings settings{loss, 0.0, 0};
    const GradientNorms gradients(model, adapter, settings, shared_tokens(samples, settings.loss));
    for (const auto& batch : length_batches(lengths, batch_tokens)) {
      std::vector<const TrainingSample*> chosen;
      for (const auto i : batch) chosen.push_back(&samples[static_cast<std::size_t>(i)]);
      sum += gradients.of(chosen, batch).norm().sum().item<double>();
    }
    return sum;
  }

  /// Loss of one micro-batch, and an AdamW step.
  double step(double dropout) {
    adapter.track_gradients(true);
    std::vector<const TrainingSample*> chosen;
    for (const auto& sample : samples) chosen.push_back(&sample);
    std::vector<float> parameters = flattened(adapter.tensors());
    AdamW::State state = AdamW::start(parameters.size());
    MicroBatchGradient micro = micro_batch_gradient(model, adapter, chosen, {loss, dropout, 0, false}, "bench");
    clip_to_norm(micro.gradient, l2_norm(micro.gradient), 1.0);
    AdamW{}.update(state, parameters, micro.gradient, 1e-4);
    unflatten(parameters, adapter.tensors());
    return micro.loss;
  }

  /// The sum of the best hypotheses' scores.
  double beam() const {
    std::vector<std::span<const std::int32_t>> prompts;
    for (const auto& sample : samples) prompts.emplace_back(sample.ids);
    const PrefixCache prefix(model, &adapter, prompts.front().first(static_cast<std::size_t>(common_prefix(prompts))));
    const BeamSettings settings{2, static_cast<std::int64_t>(file.number_attribute("max_new_tokens")), 1.0, ending_tokens(folder), false};
    double sum = 0;
    for (const auto& hypotheses : generate(model, &adapter, prefix, prompts, settings, 0)) sum += hypotheses.front().score;
    return sum;
  }

  H5File file;
  std::string folder;
  Llama model;
  Adapter adapter;
  LossSettings loss;
  std::vector<TrainingSample> samples;
  std::vector<std::int64_t> lengths;
  std::int64_t batch_tokens = 0;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) {
    fmt::print(stderr, "usage: bench_tune norms|step|beam SAMPLES.h5 MODEL_FOLDER ADAPTER_FOLDER THREADS DTYPE\n");
    return 2;
  }
  at::set_num_threads(std::stoi(arguments[5]));
  Bench bench(arguments[2], arguments[3], arguments[4], arguments[6]);
  const std::string what = arguments[1];
  const int repeats = what == "step" ? 3 : 1;
  double best = std::numeric_limits<double>::infinity(), best_cpu = best, value = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t start_cpu = std::clock();
    value = what == "norms" ? bench.norms() : what == "step" ? bench.step(0.05) : bench.beam();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    best_cpu = std::min(best_cpu, static_cast<double>(std::clock() - start_cpu) / CLOCKS_PER_SEC);
  }
  fmt::print("{} {} {}\n", best, best_cpu, value);
}
