#include "data/dataset.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/alpaca_file.hpp"
#include "data/cpython_random.hpp"
#include "data/samples_file.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

TEST(SplitSize, IsACountOrAShareRoundedHalfToEven) {
  EXPECT_EQ(split_size(7, 100), 7);
  EXPECT_EQ(split_size(0.1, 43293), 4329);
  EXPECT_EQ(split_size(0.5, 5), 2);
  EXPECT_EQ(split_size(0.5, 7), 4);
  EXPECT_EQ(split_size(0, 7), 0);
}

TEST(CpythonRandom, TakesSeedsOfMoreThanOneWord) {
  // random.Random(2 ** 40 + 5).getrandbits(32), three times
  CpythonRandom random((std::uint64_t{1} << 40) + 5);
  EXPECT_EQ(random.bits(32), 2166296868U);
  EXPECT_EQ(random.bits(32), 2220160828U);
  EXPECT_EQ(random.bits(32), 1153647273U);
}

TEST(KeptRows, AreTheFirstOfPythonsShuffleInAscendingOrder) {
  // random.Random(3).shuffle(list(range(10))) gives [1, 5, 6, 0, 9, 4, 7, 2, 8, 3]
  EXPECT_EQ(kept_rows(10, 4, 3), (std::vector<std::int64_t>{0, 1, 5, 6}));
  EXPECT_EQ(kept_rows(3, 0, 3), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(kept_rows(3, 3, 3), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(kept_rows(3, 9, 3), (std::vector<std::int64_t>{0, 1, 2}));
}

/// 130 items, users 0 .. 39 with three ratings each.
class RatedDataset : public testing::Test {
 protected:
  RatedDataset() {
    std::string items = "item_id:token\tother:float\tmovie_title:token_seq\n",
                ratings = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n";
    for (int k = 0; k < 130; ++k) items += "i" + std::to_string(k) + "\t1\tTitle " + std::to_string(k) + "\n";
    for (int k = 0; k < 120; ++k)
      ratings += "u" + std::to_string(k % 40) + "\ti" + std::to_string(k) + "\t" + (k % 3 == 0 ? "3.0" : "3.5") + "\t" +
                 std::to_string(1000.25 + k) + "\n";
    settings_.format = DataFormat::kRecbole;
    settings_.metadata = folder_.file("x.item", items);
    settings_.reviews = folder_.file("x.inter", ratings);
  }
  test::TemporaryFolder folder_;
  DatasetSettings settings_;
};

TEST_F(RatedDataset, SplitsByTimeATenthEach) {
  const Dataset dataset = read_dataset(settings_);
  EXPECT_EQ(dataset.train.size(), 32);
  EXPECT_EQ(dataset.valid.size(), 4);
  ASSERT_EQ(dataset.test.size(), 4);
  EXPECT_EQ(dataset.train.user[0], "u0");
  EXPECT_EQ(dataset.train.output[0], "\"Title 80\"");
  EXPECT_EQ(dataset.train.input[0], "The user has watched the following movies and TVs before:\"Title 0\", \"Title 40\"\n ");
  EXPECT_EQ(dataset.test.user[3], "u39");
  EXPECT_EQ(dataset.train.label[0], -1);
}

TEST_F(RatedDataset, ListsTheTitlesThatOccurAndDrawsNegativesFromThem) {
  const Dataset dataset = read_dataset(settings_);
  ASSERT_EQ(dataset.items.titles.size(), 120U) << "ten items were never rated";
  EXPECT_TRUE(std::is_sorted(dataset.items.titles.begin(), dataset.items.titles.end()));
  ASSERT_EQ(dataset.negatives.size(), 4U * 99U);
  // what Python would do: random.Random(42).sample([titles without the user's], 99)
  for (std::size_t i = 0; i < 4; ++i) {
    Texts candidates;
    for (const std::string& title : dataset.items.titles) {
      bool met = false;
      for (int k = 0; k < 3; ++k) met = met || title == "Title " + std::to_string(36 + static_cast<int>(i) + 40 * k);
      if (!met) candidates.push_back(title);
    }
    ASSERT_EQ(candidates.size(), 117U);
    const auto drawn = CpythonRandom(42).sample(117, 99);
    for (std::size_t k = 0; k < 99; ++k)
      EXPECT_EQ(dataset.items.titles[static_cast<std::size_t>(dataset.negatives[i * 99 + k])], candidates[drawn[k]]);
  }
}

TEST_F(RatedDataset, LikesRatingsAboveThreeUnrounded) {
  settings_.task = Task::kCtrPre;
  const Dataset dataset = read_dataset(settings_);
  EXPECT_EQ(dataset.classes, (Texts{"Yes", "No"}));
  EXPECT_EQ(dataset.train.output[0], "Yes") << "3.5 stars";
  EXPECT_EQ(dataset.train.output[1], "No") << "3 stars";
  EXPECT_EQ(dataset.train.label[0], 0);
  EXPECT_EQ(dataset.train.label[1], 1);
  EXPECT_TRUE(dataset.items.titles.empty());
}

TEST_F(RatedDataset, TakesTheOrderOfClassesFromTheUser) {
  settings_.task = Task::kCtrPre;
  settings_.classes = {"No", "Yes"};
  const Dataset dataset = read_dataset(settings_);
  EXPECT_EQ(dataset.train.label[0], 1);
  settings_.classes = {"Yes", "Maybe"};
  test::expect_error(ExitCode::kInput, {"train sample 1: its output 'No' is none of data.classes (Yes, Maybe)"},
                     [&] { read_dataset(settings_); });
}

TEST_F(RatedDataset, KeepsASubsetInItsOrderAndTheNegativesWithIt) {
  const Dataset all = read_dataset(settings_);
  settings_.max_train = 5;
  settings_.max_test = 2;
  settings_.seed = 7;
  const Dataset some = read_dataset(settings_);
  const auto train_rows = kept_rows(32, 5, 7), test_rows = kept_rows(4, 2, 7);
  ASSERT_EQ(some.train.size(), 5);
  for (std::size_t k = 0; k < 5; ++k) EXPECT_EQ(some.train.input[k], all.train.input[static_cast<std::size_t>(train_rows[k])]);
  ASSERT_EQ(some.test.size(), 2);
  EXPECT_EQ(some.negatives[99], all.negatives[static_cast<std::size_t>(test_rows[1]) * 99]);
  EXPECT_EQ(some.items.titles, all.items.titles);
}

TEST_F(RatedDataset, RefusesWhatCannotBe) {
  settings_.valid_size = 20;
  settings_.test_size = 20;
  test::expect_error(ExitCode::kInput, {"x.inter: 40 samples", "take 20 and 20"}, [&] { read_dataset(settings_); });
  settings_.valid_size.reset();
  settings_.test_size.reset();
  settings_.title_column = "title";
  test::expect_error(ExitCode::kInput, {"x.item:1: no column 'title' (columns: item_id, other, movie_title)"},
                     [&] { read_dataset(settings_); });
}

TEST_F(RatedDataset, NamesBrokenLinesOfAtomicFiles) {
  settings_.reviews = folder_.file("y.inter", "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ti1\t3\n");
  test::expect_error(ExitCode::kInput, {"y.inter:2: broken line: 3 columns, expected 4"}, [&] { read_dataset(settings_); });
  settings_.reviews = folder_.file("y.inter", "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ti1\tx\t5\n");
  test::expect_error(ExitCode::kInput, {"y.inter:2: broken line: rating is no number"}, [&] { read_dataset(settings_); });
}

TEST_F(RatedDataset, NeedsNinetyNineCandidates) {
  std::string items = "item_id:token\tmovie_title:token_seq\n";
  for (int k = 0; k < 100; ++k) items += "i" + std::to_string(k) + "\tTitle " + std::to_string(k) + "\n";
  settings_.metadata = folder_.file("few.item", items);
  test::expect_error(ExitCode::kInput, {"test sample 0: 97 items that its user never met, but 99 negatives"},
                     [&] { read_dataset(settings_); });
}

TEST(Negatives, OfATitleWithSeveralIdsAreItsFirstRowTwice) {
  ItemList items;
  Texts pool;
  for (int k = 0; k < 101; ++k) {
    items.titles.push_back(k == 50 ? "item 0" : "item " + std::to_string(k));
    items.ids.push_back(k);
  }
  const NegativeDraw draw(items.titles, items);
  const std::string_view met[] = {"item 1", "never listed", "item 2"};
  const auto rows = draw.draw(met);
  ASSERT_EQ(rows.size(), 99U);
  EXPECT_EQ(std::count(rows.begin(), rows.end(), 0), 2);
  for (const std::int64_t absent : {1, 2, 50}) EXPECT_EQ(std::count(rows.begin(), rows.end(), absent), 0);
}

/// Alpaca files with 100 listed items.
class AlpacaDataset : public testing::Test {
 protected:
  AlpacaDataset() {
    std::string list;
    for (int k = 0; k < 102; ++k) list += "Item " + std::to_string(k) + "\t" + std::to_string(1000 + k) + "\n";
    settings_.format = DataFormat::kAlpaca;
    settings_.items = folder_.file("id2name.txt", list);
  }
  void use(const Json& samples) { settings_.train = settings_.valid = settings_.test = folder_.file("samples.json", samples.dump()); }
  static Json sample(const std::string& input, const std::string& output) {
    return {{"instruction", "Do."}, {"input", input}, {"output", output}};
  }
  test::TemporaryFolder folder_;
  DatasetSettings settings_;
};

TEST_F(AlpacaDataset, DrawsNegativesFromTheItemsLessTheTitlesInInputAndOutput) {
  use(Json::array({sample("Before:\"Item 3\", \"Item 5\"\n ", "\"Item 7\"")}));
  const Dataset dataset = read_dataset(settings_);
  ASSERT_EQ(dataset.negatives.size(), 99U);
  for (const std::int64_t met : {3, 5, 7}) EXPECT_EQ(std::count(dataset.negatives.begin(), dataset.negatives.end(), met), 0);
  EXPECT_EQ(dataset.items.ids.at(7), 1007);
}

TEST_F(AlpacaDataset, TakesNegativesOfTheFile) {
  Json one = sample("", "\"Item 7\"");
  for (int k = 0; k < 99; ++k) one["neg_samples"].push_back("Item " + std::to_string(101 - k));
  use(Json::array({one}));
  const Dataset dataset = read_dataset(settings_);
  EXPECT_EQ(dataset.negatives.front(), 101);
  EXPECT_EQ(dataset.negatives.back(), 3);
  one["neg_samples"].push_back("Item 1");
  use(Json::array({one}));
  test::expect_error(ExitCode::kInput, {"samples.json: sample 0: 100 negatives, expected 99"}, [&] { read_dataset(settings_); });
  one["neg_samples"][5] = "Nobody";
  use(Json::array({one}));
  test::expect_error(ExitCode::kInput, {"sample 0: 'Nobody' of neg_samples is no title of"}, [&] { read_dataset(settings_); });
}

TEST_F(AlpacaDataset, NamesTheSampleWhoseTargetIsNotListed) {
  use(Json::array({sample("", "\"Item 1\""), sample("", "\"Item 999\"")}));
  test::expect_error(ExitCode::kInput, {"samples.json: sample 1: its output \"Item 999\" is no title of", "id2name.txt"},
                     [&] { read_dataset(settings_); });
}

TEST_F(AlpacaDataset, NeedsAnItemListForNextTitles) {
  use(Json::array({sample("", "\"Item 1\"")}));
  settings_.items.clear();
  test::expect_error(ExitCode::kUsage, {"data.items"}, [&] { read_dataset(settings_); });
}

TEST_F(AlpacaDataset, SortsClassesOtherThanYesAndNo) {
  settings_.task = Task::kCtrPre;
  use(Json::array({sample("", "No"), sample("", "Yes")}));
  EXPECT_EQ(read_dataset(settings_).classes, (Texts{"Yes", "No"}));
  use(Json::array({sample("", "Yes."), sample("", "Bad"), sample("", "No.")}));
  const Dataset dataset = read_dataset(settings_);
  EXPECT_EQ(dataset.classes, (Texts{"Bad", "No.", "Yes."}));
  EXPECT_EQ(dataset.train.label, (std::vector<std::int32_t>{2, 0, 1}));
}

TEST_F(AlpacaDataset, RefusesFilesOfAnotherForm) {
  const auto error_of = [&](const std::string& text, const std::string& part) {
    settings_.train = folder_.file("samples.json", text);
    test::expect_error(ExitCode::kInput, {"samples.json", part}, [&] { read_dataset(settings_); });
  };
  error_of("{}", "an object, expected an array of samples");
  error_of("[]", "no samples in it");
  error_of("[3]", "sample 0 is no object, expected an object");
  error_of("[[]]", "sample 0 is an array, expected an object");
  error_of("[{\"instruction\": \"a\"}]", "sample 0: no output");
  error_of("[{\"instruction\": \"a\", \"output\": 5}]", "sample 0: output must be text");
  error_of("[{\"instruction\": \"a\", \"output\": \"b\", \"neg_samples\": [1]}]", "sample 0: neg_samples must be text");
  error_of("[{\"instruction\": \"a\", \"output\": \"b\"}, {\"inst", "broken JSON at byte");
  error_of("", "broken JSON");
}

TEST_F(RatedDataset, SurvivesItsFileAndTheExportedJson) {
  for (const Task task : {Task::kSeqRec, Task::kCtrPre}) {
    settings_.task = task;
    const Dataset dataset = read_dataset(settings_);
    const auto path = folder_ / "samples.h5";
    {
      H5File file = H5File::create(path);
      write_samples(file, dataset);
      file.close();
    }
    const H5File file = H5File::open(path);
    const SampleTable test = read_samples(file, "test");
    EXPECT_EQ(test.input, dataset.test.input);
    EXPECT_EQ(test.user, dataset.test.user);
    EXPECT_EQ(test.label, dataset.test.label);
    EXPECT_EQ(test.span_offset, dataset.test.span_offset);
    EXPECT_EQ(without_oldest_titles(test.input[0], test.history(0), 1),
              without_oldest_titles(dataset.test.input[0], dataset.test.history(0), 1));

    const auto json = folder_ / "test.json";
    write_alpaca_file(json, dataset.test, dataset.items, dataset.negatives);
    std::int64_t samples = 0;
    read_alpaca_file(json, [&](AlpacaSample&& sample, std::int64_t number) {
      const auto i = static_cast<std::size_t>(number);
      EXPECT_EQ(sample.input, dataset.test.input[i]);
      EXPECT_EQ(sample.output, dataset.test.output[i]);
      EXPECT_EQ(sample.user, dataset.test.user[i]);
      EXPECT_EQ(sample.negatives.has_value(), task == Task::kSeqRec);
      ++samples;
    });
    EXPECT_EQ(samples, dataset.test.size());
    if (task == Task::kSeqRec) {
      EXPECT_EQ(read_items(file).titles, dataset.items.titles);
      EXPECT_EQ(read_negatives(file), dataset.negatives);
    } else {
      EXPECT_EQ(read_classes(file), dataset.classes);
    }
  }
}

TEST(AlpacaFile, EscapesWhatJsonWantsEscaped) {
  test::TemporaryFolder folder;
  SampleTable table;
  const std::string odd = "q\" b\\ n\n t\t c\x01 u\u00fc\U0001F600";
  table.add("", "i", odd, odd, -1);
  write_alpaca_file(folder / "x.json", table);
  std::ifstream in(folder / "x.json");
  EXPECT_EQ(Json::parse(in).at(0).at("input").get<std::string>(), odd);
}

TEST(AlpacaFile, IsTheSameForAnyNumberOfThreads) {
  test::TemporaryFolder folder;
  const ItemList items{{"one", "two \"2\"", "three"}, {1, 2, 3}};
  for (const std::int64_t samples : {0, 1, 512, 1500}) {
    SampleTable table;
    std::vector<std::int64_t> negatives;
    for (std::int64_t i = 0; i < samples; ++i) {
      table.add(fmt::format("user {}", i / 3), "i", fmt::format("input {}", i), fmt::format("output \\ {}", i), -1);
      negatives.insert(negatives.end(), {i % 3, (i + 1) % 3});
    }
    std::string alone;
    for (const std::int64_t threads : {1, 2, 3}) {
      write_alpaca_file(folder / "x.json", table, items, negatives, threads);
      std::ifstream in(folder / "x.json");
      const std::string text((std::istreambuf_iterator<char>(in)), {});
      if (threads == 1) alone = text;
      EXPECT_EQ(text, alone) << samples << " samples, " << threads << " threads";
    }
    const Json json = Json::parse(alone);
    ASSERT_EQ(json.size(), static_cast<std::size_t>(samples));
    for (std::size_t i = 0; i < json.size(); ++i) {
      EXPECT_EQ(json[i].at("input"), fmt::format("input {}", i));
      EXPECT_EQ(json[i].at("neg_samples").at(1), items.titles[(i + 1) % 3]);
    }
  }
}

}  // namespace
}  // namespace goracs
