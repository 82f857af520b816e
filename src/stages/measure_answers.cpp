#include <algorithm>
#include <cmath>
#include <limits>

#include "base/log.hpp"
#include "comm/agreement.hpp"
#include "eval/classification_metrics.hpp"
#include "eval/predictions.hpp"
#include "stages/long_loop.hpp"
#include "stages/measurement.hpp"

namespace goracs {
namespace {

constexpr const char* kAnswersState = "answers.h5";
constexpr const char* kProbability = "/probability";

/// Token ids of each prompt, up to the one that predicts the answer.
std::vector<std::vector<TokenId>> answer_prompts(const StageContext& context, const LanguageModel& model, const SampleTable& test) {
  std::vector<std::vector<TokenId>> prompts;
  together(context.world(), [&] {
    for (const TrainingSample& sample : model.tokenised(test, "test", /*train_on_inputs=*/false, /*label_first=*/false).samples)
      prompts.emplace_back(sample.ids.begin(), sample.ids.begin() + sample.answer_position + 1);
  });
  return prompts;
}

Matrix<double> saved_table(const StageContext& context, std::int64_t rows, std::int64_t classes) {
  Matrix<double> table(rows, classes);
  std::fill_n(table.data(), rows * classes, std::numeric_limits<double>::quiet_NaN());
  const auto saved = context.saved_state(kAnswersState);
  together(context.world(), [&] {
    if (saved) H5File::open(*saved).read_rows<double>(kProbability, 0, table);
  });
  return table;
}

void write_probabilities(H5File& file, const Matrix<double>& table) {
  file.create_matrix<double>(kProbability, table.rows(), table.cols(), "of each class, after the prompt");
  file.write_rows<double>(kProbability, 0, table);
}

nlohmann::ordered_json answer_metrics(const std::vector<std::int64_t>& label, const Matrix<double>& probability) {
  nlohmann::ordered_json metrics;
  if (probability.cols() == 2) {  // the first class is the positive one (Yes)
    std::vector<std::int64_t> is_first;
    std::vector<double> score;
    for (std::int64_t i = 0; i < probability.rows(); ++i) {
      is_first.push_back(label[static_cast<std::size_t>(i)] == 0 ? 1 : 0);
      score.push_back(probability(i, 0));
    }
    put(metrics, "AUC", roc_auc(is_first, score));
    put(metrics, "logloss", log_loss(is_first, score));
  } else {
    put(metrics, "accuracy", accuracy(label, probability));
    put(metrics, "AUC", macro_roc_auc(label, probability));
    put(metrics, "logloss", log_loss(label, probability));
  }
  return metrics;
}

}  // namespace

std::optional<Measurement> measure_answers(StageContext& context, const LanguageModel& model, const SampleTable& test,
                                           const Adapter* adapter, std::int64_t batch_tokens) {
  const std::vector<std::vector<TokenId>> prompts = answer_prompts(context, model, test);
  const std::vector<std::int64_t> class_tokens = model.loss(/*label_first=*/false).class_tokens;
  const auto classes = static_cast<std::int64_t>(class_tokens.size());
  auto probability = std::make_shared<Matrix<double>>(saved_table(context, test.size(), classes));

  std::int64_t done = 0;
  for (std::int64_t i = 0; i < test.size(); ++i) done += std::isnan((*probability)(i, 0)) ? 0 : 1;
  LongLoop loop(context, kAnswersState, "samples", test.size(), done, [&](const std::filesystem::path& path) {
    H5File file = H5File::create(path);
    write_probabilities(file, *probability);
    file.close();
  });
  const std::vector<std::span<const TokenId>> sequences(prompts.begin(), prompts.end());
  if (!fill_class_probabilities(model.llama(), adapter, sequences, class_tokens, batch_tokens, *probability, context.world(),
                                [&](std::int64_t samples_done) { return loop.stops(samples_done); }))
    return std::nullopt;

  const std::vector<std::int64_t> label(test.label.begin(), test.label.end());
  if (classes_present(label, classes) < 2) log_warning("evaluate: the test set is of one class: AUC is not defined");
  return Measurement{answer_metrics(label, *probability), [probability, label = test.label](H5File& file) {
                       write_probabilities(file, *probability);
                       file.write<std::int32_t>("/label", label, "the true class");
                     }};
}

}  // namespace goracs
