#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "comm/agreement.hpp"
#include "data/samples_file.hpp"
#include "stages/batch_tokens.hpp"
#include "stages/language_model.hpp"
#include "stages/long_loop.hpp"
#include "stages/norm_correlations.hpp"
#include "stages/stages.hpp"
#include "train/pool_gradient_norms.hpp"

namespace goracs {
namespace {

constexpr const char* kNormsState = "norms.h5";

struct GradsInput {
  std::unique_ptr<LanguageModel> model;
  Adapter start;
  TokenisedSplit pool;
  std::vector<std::int32_t> label;
  std::vector<std::string> classes;
  std::int64_t batch_tokens = 0;
};

GradsInput read_grads_input(const StageContext& context) {
  GradsInput input;
  together(context.world(), [&] {
    const Config& config = context.config();
    const H5File samples = context.open_input(Stage::kPrepare, "samples.h5");
    if (config.is_ctrpre()) input.classes = read_classes(samples);
    const SampleTable train = read_samples(samples, "train");
    input.label = train.label;
    input.model = std::make_unique<LanguageModel>(config, input.classes, context.world());
    input.pool = input.model->tokenised(train, "train", config.grads.train_on_inputs, config.grads.label_first);
  });
  const auto plan_of = [&](double tokens) {
    const double longest = longest_of({&input.pool.samples}), all = longest * static_cast<double>(input.pool.samples.size());
    return memory_plan(Stage::kGrads, context.config(), input.model->shapes(), {std::min(tokens, all), longest}, context.world().size());
  };
  input.batch_tokens = batch_tokens(context, context.config().grads.batch_tokens, plan_of);
  together(context.world(), [&] {
    input.model->load(plan_of(static_cast<double>(input.batch_tokens)));
    input.start = input.model->starting_adapter();
  });
  return input;
}

GradientNormTable read_table(const StageContext& context, std::size_t samples) {
  GradientNormTable table(samples);
  const auto saved = context.saved_state(kNormsState);
  together(context.world(), [&] {
    if (!saved) return;
    const H5File file = H5File::open(*saved);
    table.norm = file.read<double>("/gradient_norm", {static_cast<std::int64_t>(samples)});
    table.loss = file.read<double>("/loss", {static_cast<std::int64_t>(samples)});
  });
  return table;
}

void write_norms(H5File& file, const GradientNormTable& table) {
  file.write<double>("/gradient_norm", table.norm, "L2 norm of the sample's gradient by lora_B of the last layer's v_proj");
  file.write<double>("/loss", table.loss, "the sample's loss under the starting adapter");
}

}  // namespace

StageEnd grads(StageContext& context) {
  const Config& config = context.config();
  const GradsInput input = read_grads_input(context);
  GradientNormTable table = read_table(context, input.pool.samples.size());
  const auto done = std::ranges::count_if(table.norm, [](double norm) { return !std::isnan(norm); });

  LongLoop loop(context, kNormsState, "samples", static_cast<std::int64_t>(table.norm.size()), done,
                [&](const std::filesystem::path& path) {
                  H5File file = H5File::create(path);
                  write_norms(file, table);
                  file.close();
                });
  const GradientNormSettings settings{input.model->loss(config.grads.label_first), config.grads.dropout,
                                      static_cast<std::uint64_t>(config.grads.seed)};
  if (!fill_gradient_norms(input.model->llama(), input.start, input.pool.samples, settings, input.batch_tokens, table, context.world(),
                           [&](std::int64_t samples_done) { return loop.stops(samples_done); }))
    return StageEnd::kStopped;

  const NormCorrelations correlations = NormCorrelations::of(table.norm, table.loss, input.label, input.classes);
  correlations.report();
  on_root(context.world(), [&] {
    H5File file = context.folder().create_h5("gradient_norms.h5", context.provenance());
    write_norms(file, table);
    correlations.write(file);
    file.write_attribute("samples_shortened", input.pool.shortened);
    file.close();
  });
  return context.seal();
}

}  // namespace goracs
