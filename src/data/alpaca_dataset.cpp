#include "data/alpaca_dataset.hpp"

#include "base/error.hpp"
#include "data/alpaca_file.hpp"

namespace goracs {
namespace {

/// What evaluation compares (SPEC 8): all quotes at both ends off, then spaces.
std::string_view bare_title(std::string_view text) {
  for (const char c : {'"', ' '}) {
    while (text.starts_with(c)) text.remove_prefix(1);
    while (text.ends_with(c)) text.remove_suffix(1);
  }
  return text;
}

struct Samples {
  SampleTable table;
  std::vector<std::int64_t> number;                                ///< of each in its file
  std::vector<std::optional<std::vector<std::string>>> negatives;  ///< of each
};

/// The subset of one file's samples that is wanted.
Samples read_samples(const std::filesystem::path& file, std::int64_t most, const DatasetSettings& settings) {
  std::vector<AlpacaSample> all;
  read_alpaca_file(file, [&](AlpacaSample&& sample, std::int64_t) { all.push_back(std::move(sample)); });
  GORACS_CHECK_INPUT(!all.empty(), "{}: no samples in it", file.string());
  Samples samples;
  samples.number = kept_rows(static_cast<std::int64_t>(all.size()), most, settings.seed);
  samples.table.reserve(samples.number.size());
  for (const std::int64_t row : samples.number) {
    AlpacaSample& sample = all[static_cast<std::size_t>(row)];
    const auto history = history_in_text(sample.input, settings.task);
    samples.table.spans.insert(samples.table.spans.end(), history.begin(), history.end());
    samples.table.add(sample.user, sample.instruction, sample.input, sample.output, -1);
    samples.negatives.push_back(std::move(sample.negatives));
  }
  return samples;
}

/// Titles as evaluation compares them, and the first item row of each.
class ItemRows {
 public:
  explicit ItemRows(const ItemList& items) {
    for (std::size_t row = 0; row < items.titles.size(); ++row)
      if (const auto title = static_cast<std::size_t>(titles_.add(bare_title(items.titles[row]))); title == row_.size())
        row_.push_back(static_cast<std::int64_t>(row));
  }
  /// -1 for a title that no item has.
  std::int64_t find(std::string_view title) const {
    const std::int32_t known = titles_.find(bare_title(title));
    return known == TextIndex::kNone ? -1 : row_[static_cast<std::size_t>(known)];
  }

 private:
  TextIndex titles_;
  std::vector<std::int64_t> row_;
};

void add_items(Dataset& dataset, const Samples& test, const DatasetSettings& settings, const ReadEvents& events, BrokenLines& broken) {
  GORACS_CHECK_USAGE(!settings.items.empty(), "data.items: task seqrec with data.format alpaca needs the list of items");
  dataset.items = read_item_list(settings.items, events, broken);
  const ItemRows rows(dataset.items);
  const NegativeDraw draw(dataset.items.titles, dataset.items);
  const std::string file = settings.test.string();
  for (std::size_t i = 0; i < test.number.size(); ++i) {
    const std::int64_t number = test.number[i];
    const SampleView sample = test.table[static_cast<std::int64_t>(i)];
    const std::int64_t target = rows.find(sample.output);
    GORACS_CHECK_INPUT(target >= 0, "{}: sample {}: its output {} is no title of {}", file, number, sample.output, settings.items.string());
    std::vector<std::int64_t> negatives;
    if (test.negatives[i]) {
      for (const std::string& title : *test.negatives[i]) {
        negatives.push_back(rows.find(title));
        GORACS_CHECK_INPUT(negatives.back() >= 0, "{}: sample {}: '{}' of neg_samples is no title of {}", file, number, title,
                           settings.items.string());
      }
    } else {
      std::vector<std::string_view> met = {dataset.items.titles[static_cast<std::size_t>(target)]};
      for (const TitleSpan span : sample.history) {
        const auto title = sample.input.substr(static_cast<std::size_t>(span.begin) + 1, static_cast<std::size_t>(span.length) - 2);
        if (const std::int64_t row = rows.find(title); row >= 0) met.push_back(dataset.items.titles[static_cast<std::size_t>(row)]);
        met.push_back(title);
      }
      negatives = draw.draw(met);
    }
    GORACS_CHECK_INPUT(static_cast<std::int64_t>(negatives.size()) == NegativeDraw::kNegatives, "{}: sample {}: {} negatives, expected {}",
                       file, number, negatives.size(), NegativeDraw::kNegatives);
    dataset.negatives.insert(dataset.negatives.end(), negatives.begin(), negatives.end());
  }
}

}  // namespace

Dataset read_alpaca_dataset(const DatasetSettings& settings, const ReadEvents& events) {
  Dataset dataset;
  BrokenLines broken(settings.skip_bad_lines, events);
  dataset.train = read_samples(settings.train, settings.max_train, settings).table;
  dataset.valid = read_samples(settings.valid, settings.max_valid, settings).table;
  Samples test = read_samples(settings.test, settings.max_test, settings);
  if (settings.task == Task::kSeqRec) add_items(dataset, test, settings, events, broken);
  dataset.test = std::move(test.table);
  dataset.bad_lines = broken.count();
  return dataset;
}

}  // namespace goracs
