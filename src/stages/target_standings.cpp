#include "stages/target_standings.hpp"

#include "base/error.hpp"
#include "data/samples_file.hpp"
#include "eval/item_titles.hpp"

namespace goracs {
namespace {

/// Titles as they are compared: without quotes and spaces at both ends.
std::vector<std::string> cleaned(const std::vector<std::string>& titles) {
  std::vector<std::string> all;
  for (const std::string& title : titles) all.push_back(clean_title(title));
  return all;
}

std::vector<std::string> targets_of(const SampleTable& samples) {
  std::vector<std::string> all;
  for (std::int64_t i = 0; i < samples.size(); ++i) all.push_back(clean_title(samples[i].output));
  return all;
}

}  // namespace

TargetStandings TargetStandings::of(const StageContext& context, const SampleTable& test, const std::vector<std::string>& titles,
                                    MatrixView<const float> embeddings) {
  const H5File samples = context.open_input(Stage::kPrepare, "samples.h5");
  const ItemTitles items(cleaned(read_items(samples).titles));
  const std::vector<std::int64_t> negatives = read_negatives(samples);
  const std::vector<std::int64_t> count = items.popularity(targets_of(read_samples(samples, "train")));
  const std::vector<std::string> targets = targets_of(test);
  const H5File item_file = context.open_input(Stage::kEmbed, "items.h5");
  Matrix<float> vectors(items.size(), embeddings.cols);
  item_file.read_rows<float>("/items", 0, vectors);
  GORACS_CHECK_INPUT(negatives.size() % targets.size() == 0, "{}: {} negatives of {} samples", samples.path(), negatives.size(),
                     targets.size());
  const std::size_t per_sample = negatives.size() / targets.size();

  TargetStandings standings;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto target = items.rows_of(targets[i]);
    GORACS_CHECK_INPUT(!target.empty(), "{}: test sample {}: its target '{}' is no title of /items", samples.path(), i, targets[i]);
    const auto others = items.expanded(std::span(negatives).subspan(i * per_sample, per_sample));
    standings.rank.push_back(rank_by_distance(vectors, embeddings.row(static_cast<std::int64_t>(i)), target, others));
    standings.popularity.push_back(rank_by_popularity(count, target.front(), others));
    standings.in_catalogue.push_back(items.rows_of(titles[i]).empty() ? 0 : 1);
    context.world().still_working();
  }
  return standings;
}

}  // namespace goracs
