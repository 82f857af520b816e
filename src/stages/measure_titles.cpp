#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/log.hpp"
#include "comm/agreement.hpp"
#include "data/samples_file.hpp"
#include "eval/ending_tokens.hpp"
#include "eval/item_titles.hpp"
#include "eval/predictions.hpp"
#include "stages/generated_titles.hpp"
#include "stages/measurement.hpp"
#include "stages/target_standings.hpp"
#include "stages/title_embeddings.hpp"

namespace goracs {
namespace {

/// What the model wrote for each test sample, as titles are compared.
struct Answers {
  std::vector<std::string> text, title;
  std::vector<double> score;
};

Answers answers_of(const LanguageModel& model, const GeneratedTitles& generated) {
  Answers answers;
  for (std::size_t i = 0; i < generated.table().size(); ++i) {
    const Generated& one = generated.table()[i];
    answers.text.push_back(generated_text(model.tokenizer(), generated.prompts()[i], one.tokens));
    answers.title.push_back(clean_title(answers.text.back()));
    answers.score.push_back(one.score);
  }
  return answers;
}

nlohmann::ordered_json title_metrics(const TargetStandings& standings, const std::vector<std::int64_t>& top_k) {
  nlohmann::ordered_json metrics, popularity;
  for (const std::int64_t k : top_k) {
    put(metrics, fmt::format("HR@{}", k), hit_rate(standings.rank, k));
    put(popularity, fmt::format("HR@{}", k), hit_rate(standings.popularity, k));
  }
  for (const std::int64_t k : top_k) {
    put(metrics, fmt::format("NDCG@{}", k), ndcg(standings.rank, k));
    put(popularity, fmt::format("NDCG@{}", k), ndcg(standings.popularity, k));
  }
  put(metrics, "in_catalogue", mean_of(standings.in_catalogue));
  metrics["popularity"] = popularity;
  return metrics;
}

}  // namespace

std::optional<Measurement> measure_titles(StageContext& context, const LanguageModel& model, const SampleTable& test,
                                          const Adapter* adapter, std::int64_t batch_tokens) {
  GeneratedTitles generated(context, model, test);
  if (!generated.fill(adapter, batch_tokens)) return std::nullopt;
  const Answers answers = answers_of(model, generated);
  TitleEmbeddings embeddings(context, model, answers.title, "titles.h5");
  if (!embeddings.fill()) return std::nullopt;

  Measurement measured;
  on_root(context.world(), [&] {
    const TargetStandings standings = TargetStandings::of(context, test, answers.title, embeddings.table());
    measured.metrics = title_metrics(standings, context.config().evaluate.top_k);
    measured.write_predictions = [answers, rank = standings.rank](H5File& file) {
      file.write_strings("/text", answers.text, "what the model wrote behind the prompt");
      file.write_strings("/title", answers.title, "the same as it was compared");
      file.write<double>("/score", answers.score, "of the best beam");
      file.write<std::int64_t>("/rank", rank, "of the target among itself and its negatives, from 0");
    };
  });
  return measured;
}

}  // namespace goracs
