#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "data/amazon_files.hpp"
#include "data/item_list.hpp"
#include "data/line_reader.hpp"
#include "data/sample_table.hpp"
#include "data/wording.hpp"

namespace goracs {

enum class DataFormat { kAmazonGames, kAmazonMovies, kAmazonFood, kRecbole, kAlpaca };

/// Where the data come from and what is taken of them (the config's `data` section, resolved).
struct DatasetSettings {
  Task task = Task::kSeqRec;
  DataFormat format = DataFormat::kRecbole;
  Domain domain = Domain::kMovies;
  std::filesystem::path reviews, metadata, items;  ///< raw files
  std::filesystem::path train, valid, test;        ///< Alpaca JSON
  std::optional<double> valid_size, test_size;     ///< a count, or a share when below 1; none: the format's own
  std::vector<std::string> classes;                ///< empty: Yes, No for those two, else sorted
  std::string title_column = "movie_title";
  std::int64_t skip_bad_lines = 0;
  std::int64_t max_train = 0, max_valid = 0, max_test = 0;  ///< 0: all
  TitleRule title_rule = TitleRule::kParsed;
  std::uint64_t seed = 0;  ///< of the subsets
  std::int64_t threads = 1;
};

/// Samples of the three splits and what they refer to.
struct Dataset {
  SampleTable train, valid, test;
  std::vector<std::string> classes;     ///< CTRPre: what the labels stand for
  ItemList items;                       ///< SeqRec
  std::vector<std::int64_t> negatives;  ///< SeqRec: (test, 99) rows of items
  std::int64_t bad_lines = 0;           ///< left out
};

/// The words of a format that names no domain are its own: games, movies, food; movies for the others.
Domain domain_of(DataFormat format);

/// What a checked config says of its data, for one thread.
DatasetSettings dataset_settings(const Config& config);

/// Reads a data set and makes its samples (SPEC 1).
/// Errors: kInput naming file and line, or split and sample.
Dataset read_dataset(const DatasetSettings& settings, const ReadEvents& events = {});

/// How many of `samples` a size setting means: a count, or a share when below 1 (rounded half to even, as Python rounds).
std::int64_t split_size(double size, std::int64_t samples);

/// The rows that stay of `rows` when at most `most` are wanted (0: all): the first so many of random.shuffle with `seed`, in ascending order.
std::vector<std::int64_t> kept_rows(std::int64_t rows, std::int64_t most, std::uint64_t seed);

}  // namespace goracs
