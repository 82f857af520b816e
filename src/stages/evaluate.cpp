#include <cmath>
#include <fstream>

#include "base/error.hpp"
#include "base/log.hpp"
#include "comm/agreement.hpp"
#include "data/samples_file.hpp"
#include "stages/batch_tokens.hpp"
#include "stages/evaluated_adapter.hpp"
#include "stages/measurement.hpp"
#include "stages/stages.hpp"

namespace goracs {

void put(nlohmann::ordered_json& metrics, const std::string& name, Estimate estimate) {
  const auto number = [](double x) { return std::isfinite(x) ? nlohmann::ordered_json(x) : nlohmann::ordered_json(nullptr); };
  metrics[name] = number(estimate.value);
  metrics[name + "_se"] = number(estimate.standard_error);
}

namespace {

struct EvaluateInput {
  SampleTable test;
  std::unique_ptr<LanguageModel> model;
  std::optional<Adapter> adapter;
  std::int64_t batch_tokens = 0;
};

EvaluateInput read_evaluate_input(const StageContext& context) {
  EvaluateInput input;
  together(context.world(), [&] {
    const Config& config = context.config();
    const H5File samples = context.open_input(Stage::kPrepare, "samples.h5");
    input.test = read_samples(samples, "test");
    GORACS_CHECK_INPUT(input.test.size() > 0, "{}: the test set is empty", samples.path());
    input.model =
        std::make_unique<LanguageModel>(config, config.is_ctrpre() ? read_classes(samples) : std::vector<std::string>{}, context.world());
  });
  const Config& config = context.config();
  const auto plan_of = [&](double tokens) {
    const auto longest = static_cast<double>(config.prompt.cutoff_len);
    return memory_plan(Stage::kEvaluate, config, input.model->shapes(),
                       {std::min(tokens, longest * static_cast<double>(input.test.size())), longest}, context.world().size());
  };
  input.batch_tokens = batch_tokens(context, config.evaluate.batch_tokens, plan_of);
  together(context.world(), [&] {
    input.model->load(plan_of(static_cast<double>(input.batch_tokens)));
    input.adapter = evaluated_adapter(context, *input.model);
  });
  return input;
}

void report_adapter(const StageContext& context, const EvaluateInput& input) {
  const Llama& llama = input.model->llama();
  double difference = 0;
  together(
      context.world(),
      [&] { difference = logit_difference(llama, *input.adapter, input.model->prompts().without_answer(input.test[0]).ids); },
      [&] { llama.meet_others(); });
  log_info("evaluate: {}; on the first test prompt a logit differs from the bare base model's by {:.4g}", input.adapter->summary(),
           difference);
}

void write_metrics(const std::filesystem::path& path, const nlohmann::ordered_json& metrics) {
  std::ofstream out(path);
  out << metrics.dump(2) << '\n' << std::flush;
  GORACS_CHECK_IO(out.good(), "{}: cannot be written", path.string());
}

}  // namespace

StageEnd evaluate(StageContext& context) {
  const EvaluateInput input = read_evaluate_input(context);
  if (input.adapter) report_adapter(context, input);
  const Adapter* adapter = input.adapter ? &*input.adapter : nullptr;

  std::optional<Measurement> measured = context.config().is_ctrpre()
                                            ? measure_answers(context, *input.model, input.test, adapter, input.batch_tokens)
                                            : measure_titles(context, *input.model, input.test, adapter, input.batch_tokens);
  if (!measured) return StageEnd::kStopped;

  on_root(context.world(), [&] {
    H5File file = context.folder().create_h5("predictions.h5", context.provenance());
    measured->write_predictions(file);
    file.close();
    measured->metrics["samples"] = input.test.size();
    measured->metrics["seconds"] = context.seconds();
    write_metrics(context.folder().new_file("metrics.json"), measured->metrics);
  });
  return context.seal();
}

}  // namespace goracs
