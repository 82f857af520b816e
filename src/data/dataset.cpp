#include "data/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.hpp"
#include "data/alpaca_dataset.hpp"
#include "data/cpython_random.hpp"
#include "data/rated_dataset.hpp"

namespace goracs {
namespace {

/// The distinct answers, Yes and No in this order where there are no others.
std::vector<std::string> classes_of(const Dataset& dataset) {
  std::set<std::string> answers;
  for (const SampleTable* table : {&dataset.train, &dataset.valid, &dataset.test}) {
    for (std::size_t i = 0; i < table->output.size(); ++i) answers.emplace(table->output[i]);
  }
  const std::vector<std::string> yes_no = {"Yes", "No"};
  if (std::all_of(answers.begin(), answers.end(), [&](const std::string& answer) { return answer == yes_no[0] || answer == yes_no[1]; }))
    return yes_no;
  return {answers.begin(), answers.end()};
}

/// Every sample's label: where its output stands among the classes.
void label_by_output(Dataset& dataset, const std::vector<std::string>& classes) {
  dataset.classes = classes.empty() ? classes_of(dataset) : classes;
  for (const auto& [name, table] : {std::pair{"train", &dataset.train}, {"valid", &dataset.valid}, {"test", &dataset.test}})
    for (std::size_t i = 0; i < table->output.size(); ++i) {
      const auto found = std::find(dataset.classes.begin(), dataset.classes.end(), table->output[i]);
      GORACS_CHECK_INPUT(found != dataset.classes.end(), "{} sample {}: its output '{}' is none of data.classes ({})", name, i,
                         table->output[i], fmt::join(dataset.classes, ", "));
      table->label[i] = static_cast<std::int32_t>(found - dataset.classes.begin());
    }
}

DataFormat format_named(const std::string& name) {
  if (name == "amazon_games") return DataFormat::kAmazonGames;
  if (name == "amazon_movies") return DataFormat::kAmazonMovies;
  if (name == "amazon_food") return DataFormat::kAmazonFood;
  return name == "recbole" ? DataFormat::kRecbole : DataFormat::kAlpaca;
}

Domain domain_named(const std::string& name, DataFormat format) {
  if (name == "games") return Domain::kGames;
  if (name == "movies") return Domain::kMovies;
  return name == "food" ? Domain::kFood : domain_of(format);
}

}  // namespace

Domain domain_of(DataFormat format) {
  switch (format) {
    case DataFormat::kAmazonGames: return Domain::kGames;
    case DataFormat::kAmazonFood: return Domain::kFood;
    default: return Domain::kMovies;
  }
}

DatasetSettings dataset_settings(const Config& config) {
  DatasetSettings settings;
  const DataConfig& data = config.data;
  settings.task = config.is_ctrpre() ? Task::kCtrPre : Task::kSeqRec;
  settings.format = format_named(data.format);
  settings.domain = domain_named(config.prompt.domain, settings.format);
  settings.reviews = data.reviews;
  settings.metadata = data.metadata;
  settings.items = data.items;
  settings.train = data.train;
  settings.valid = data.valid;
  settings.test = data.test;
  settings.valid_size = data.valid_size;
  settings.test_size = data.test_size;
  settings.classes = data.classes;
  settings.title_column = data.title_column;
  settings.skip_bad_lines = data.skip_bad_lines;
  settings.max_train = data.max_train;
  settings.max_valid = data.max_valid;
  settings.max_test = data.max_test;
  settings.title_rule = data.title_rule == "reference" ? TitleRule::kReference : TitleRule::kParsed;
  settings.seed = static_cast<std::uint64_t>(data.seed);
  return settings;
}

Dataset read_dataset(const DatasetSettings& settings, const ReadEvents& events) {
  Dataset dataset = settings.format == DataFormat::kAlpaca ? read_alpaca_dataset(settings, events) : read_rated_dataset(settings, events);
  if (settings.task == Task::kCtrPre) label_by_output(dataset, settings.classes);
  return dataset;
}

std::int64_t split_size(double size, std::int64_t samples) {
  if (size >= 1) return static_cast<std::int64_t>(size);
  return static_cast<std::int64_t>(std::nearbyint(size * static_cast<double>(samples)));
}

std::vector<std::int64_t> kept_rows(std::int64_t rows, std::int64_t most, std::uint64_t seed) {
  std::vector<std::int64_t> kept(static_cast<std::size_t>(rows));
  std::iota(kept.begin(), kept.end(), 0);
  if (most <= 0 || most >= rows) return kept;
  CpythonRandom random(seed);
  random.shuffle(kept);
  kept.resize(static_cast<std::size_t>(most));
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace goracs
