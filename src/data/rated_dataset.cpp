#include "data/rated_dataset.hpp"

#include <algorithm>
#include <future>

#include "base/error.hpp"
#include "data/amazon_titles.hpp"
#include "data/atomic_files.hpp"
#include "data/histories.hpp"

namespace goracs {
namespace {

constexpr double kAmazonCount = 5000;  // validation and test samples of games and movies
constexpr double kShare = 0.1;

struct Ratings {
  Catalogue catalogue;
  Interactions interactions;
};

AmazonSet amazon_set(DataFormat format) {
  return format == DataFormat::kAmazonGames    ? AmazonSet::kGames
         : format == DataFormat::kAmazonMovies ? AmazonSet::kMovies
                                               : AmazonSet::kFood;
}

Ratings read_ratings(const DatasetSettings& settings, const ReadEvents& events, BrokenLines& broken) {
  Ratings ratings;
  if (settings.format == DataFormat::kRecbole) {
    ratings.catalogue = read_atomic_items(settings.metadata, settings.title_column, events, broken);
    ratings.interactions = read_atomic_ratings(settings.reviews, ratings.catalogue, settings.task == Task::kCtrPre, events, broken);
  } else {
    const FileReading reading{settings.threads, events};
    ratings.catalogue = read_amazon_metadata(settings.metadata, amazon_set(settings.format), settings.title_rule, reading, broken);
    ratings.interactions = read_amazon_reviews(settings.reviews, ratings.catalogue, reading, broken);
  }
  GORACS_CHECK_INPUT(!ratings.interactions.ratings.empty(), "{}: no rating of an item that has a title in {}", settings.reviews.string(),
                     settings.metadata.string());
  return ratings;
}

std::int64_t shortest_history(DataFormat format) {
  switch (format) {
    case DataFormat::kAmazonMovies: return 3;
    case DataFormat::kAmazonGames:
    case DataFormat::kAmazonFood: return 0;
    default: return 1;
  }
}

/// Rows of Histories::samples in each split.
struct Splits {
  std::int64_t train_end, valid_end;
};

Splits splits_of(const DatasetSettings& settings, std::int64_t samples) {
  const bool counted = settings.format == DataFormat::kAmazonGames || settings.format == DataFormat::kAmazonMovies;
  const double usual = counted ? kAmazonCount : kShare;
  const std::int64_t valid = split_size(settings.valid_size.value_or(usual), samples),
                     test = split_size(settings.test_size.value_or(usual), samples);
  GORACS_CHECK_INPUT(valid + test < samples,
                     "{}: {} samples, but data.valid_size and data.test_size take {} and {} of them and leave none to train on",
                     settings.reviews.string(), samples, valid, test);
  return {samples - test - valid, samples - test};
}

/// Puts rows of the samples into words.
class SampleWriter {
 public:
  SampleWriter(const DatasetSettings& settings, const Ratings& ratings, const Histories& histories)
      : wording_(settings.domain, settings.task),
        by_table_(settings.title_rule == TitleRule::kReference && settings.format != DataFormat::kRecbole),
        ratings_(ratings),
        histories_(histories) {}

  SampleTable table(std::int64_t first, const std::vector<std::int64_t>& rows) const {
    SampleTable table;
    table.reserve(rows.size(), input_characters(first, rows));
    std::vector<HistoryTitle> history;
    for (const std::int64_t row : rows) {
      const HistoryTarget& sample = sample_of(first + row, history);
      HistoryTitle target = titled(sample.target);
      if (by_table_) target.title = after_csv_table(target.title);
      const auto user = histories_.ratings[static_cast<std::size_t>(sample.target)].user;
      wording_.add_sample(table, ratings_.interactions.users[user], history, target);
    }
    return table;
  }

 private:
  /// About how long all inputs are together.
  std::size_t input_characters(std::int64_t first, const std::vector<std::int64_t>& rows) const {
    constexpr std::size_t kSeen = 64;  // one row of so many
    std::size_t characters = 0;
    std::vector<HistoryTitle> history;
    for (std::size_t k = 0; k < rows.size(); k += kSeen) {
      const HistoryTarget& sample = sample_of(first + rows[k], history);
      characters += wording_.input_length(history, titled(sample.target));
    }
    return kSeen * characters;
  }
  const HistoryTarget& sample_of(std::int64_t row, std::vector<HistoryTitle>& history) const {
    const HistoryTarget& sample = histories_.samples[static_cast<std::size_t>(row)];
    history.clear();
    for (std::int64_t k = sample.first; k < sample.target; ++k) history.push_back(titled(k));
    return sample;
  }
  HistoryTitle titled(std::int64_t rating) const {
    const auto& found = histories_.ratings[static_cast<std::size_t>(rating)];
    return {ratings_.catalogue.titles[static_cast<std::size_t>(found.item)], found.liked};
  }

  Wording wording_;
  bool by_table_;
  const Ratings& ratings_;
  const Histories& histories_;
};

/// The titles to draw negatives from, one for each item that occurs in a sample, sorted.
std::vector<std::string> titles_in_samples(const Ratings& ratings, const Histories& histories) {
  std::vector<bool> seen(ratings.catalogue.titles.size());
  for (const HistoryTarget& sample : histories.samples)
    for (std::int64_t k = sample.first; k <= sample.target; ++k)
      seen[static_cast<std::size_t>(histories.ratings[static_cast<std::size_t>(k)].item)] = true;
  std::vector<std::string> titles;
  for (std::size_t item = 0; item < seen.size(); ++item)
    if (seen[item]) titles.push_back(ratings.catalogue.titles[item]);
  std::sort(titles.begin(), titles.end());
  return titles;
}

/// Item list and negatives of the test samples (SeqRec).
void add_items(Dataset& dataset, const DatasetSettings& settings, const Ratings& ratings, const Histories& histories,
               std::int64_t test_begin, const std::vector<std::int64_t>& test_rows, const ReadEvents& events, BrokenLines& broken) {
  std::vector<std::string> pool;
  if (settings.items.empty()) {
    pool = titles_in_samples(ratings, histories);
    dataset.items = distinct_items(pool);
  } else {
    dataset.items = read_item_list(settings.items, events, broken);
    pool = dataset.items.titles;
  }
  const NegativeDraw draw(pool, dataset.items);
  std::vector<std::string_view> met;
  for (const std::int64_t row : test_rows) {
    const auto target = histories.samples[static_cast<std::size_t>(test_begin + row)].target;
    met.clear();
    for (const auto& rating : histories.of_user(histories.ratings[static_cast<std::size_t>(target)].user))
      met.push_back(ratings.catalogue.titles[static_cast<std::size_t>(rating.item)]);
    const auto rows = draw.draw(met);
    GORACS_CHECK_INPUT(static_cast<std::int64_t>(rows.size()) == NegativeDraw::kNegatives,
                       "test sample {}: {} items that its user never met, but {} negatives are drawn from them", row, rows.size(),
                       NegativeDraw::kNegatives);
    dataset.negatives.insert(dataset.negatives.end(), rows.begin(), rows.end());
  }
}

}  // namespace

Dataset read_rated_dataset(const DatasetSettings& settings, const ReadEvents& events) {
  BrokenLines broken(settings.skip_bad_lines, events);
  const Ratings ratings = read_ratings(settings, events, broken);
  const Histories histories = histories_of(ratings.interactions, shortest_history(settings.format));
  const auto samples = static_cast<std::int64_t>(histories.samples.size());
  const Splits splits = splits_of(settings, samples);

  Dataset dataset;
  const SampleWriter writer(settings, ratings, histories);
  const auto test_rows = kept_rows(samples - splits.valid_end, settings.max_test, settings.seed);
  auto train = std::async(settings.threads > 1 ? std::launch::async : std::launch::deferred,
                          [&] { return writer.table(0, kept_rows(splits.train_end, settings.max_train, settings.seed)); });
  dataset.valid = writer.table(splits.train_end, kept_rows(splits.valid_end - splits.train_end, settings.max_valid, settings.seed));
  dataset.test = writer.table(splits.valid_end, test_rows);
  if (settings.task == Task::kSeqRec) add_items(dataset, settings, ratings, histories, splits.valid_end, test_rows, events, broken);
  dataset.train = train.get();
  dataset.bad_lines = broken.count();
  return dataset;
}

}  // namespace goracs
