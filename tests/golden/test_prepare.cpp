// Samples, item lists and negatives equal those of the authors' notebooks and of an independent statement of the rules (tests/golden/prepare).
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/dataset.hpp"
#include "support/golden.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json read_json(const fs::path& file) {
  std::ifstream in(file);
  return Json::parse(in);
}

fs::path only_file(const fs::path& folder, const std::string& prefix, const std::string& without) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && (without.empty() || !name.starts_with(without)) && entry.path().extension() == ".json")
      found.push_back(entry.path());
  }
  if (found.size() != 1) throw std::runtime_error(folder.string() + ": expected one file " + prefix + "*.json");
  return found.front();
}

/// One expected folder: <set>/<rule>/<task>.
struct Expected {
  fs::path set, folder;
  std::string rule;
  Task task;
};

std::vector<Expected> expected_folders() {
  std::vector<Expected> all;
  for (const fs::path& settings : test::golden_files("prepare", "settings.json"))
    for (const char* rule : {"reference", "parsed"})
      for (const auto& [task, name] : {std::pair{Task::kSeqRec, "seqrec"}, {Task::kCtrPre, "ctrpre"}})
        if (const fs::path folder = settings.parent_path() / rule / name; fs::is_directory(folder))
          all.push_back({settings.parent_path(), folder, rule, task});
  if (all.empty()) throw std::runtime_error("no expected samples in prepare");
  return all;
}

DatasetSettings settings_of(const Expected& expected) {
  const Json json = read_json(expected.set / "settings.json");
  const std::string kind = json.at("dataset");
  DatasetSettings settings;
  settings.task = expected.task;
  settings.format = kind == "games" ? DataFormat::kAmazonGames : kind == "movies" ? DataFormat::kAmazonMovies : DataFormat::kAmazonFood;
  settings.domain = domain_of(settings.format);
  settings.metadata = only_file(expected.set / "raw", "meta", "");
  settings.reviews = only_file(expected.set / "raw", "", "meta");
  if (kind == "games") settings.items = expected.set / "raw" / "id2name.txt";
  if (json.at("fraction").is_null()) {  // else the format's own shares
    settings.test_size = json.at("test").get<double>();
    settings.valid_size = json.at("valid").get<double>();
  }
  settings.title_rule = expected.rule == "reference" ? TitleRule::kReference : TitleRule::kParsed;
  return settings;
}

void check_split(const Dataset& dataset, const SampleTable& table, const Json& expected, bool with_negatives) {
  ASSERT_EQ(static_cast<std::size_t>(table.size()), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "sample " << i);
    const Json& sample = expected[i];
    if (sample.contains("user id")) {
      EXPECT_EQ(table.user[i], sample.at("user id").get<std::string>());
    }
    EXPECT_EQ(table.instruction[i], sample.at("instruction").get<std::string>());
    EXPECT_EQ(table.input[i], sample.at("input").get<std::string>());
    EXPECT_EQ(table.output[i], sample.at("output").get<std::string>());
    if (!with_negatives) continue;
    std::vector<std::string> negatives;
    for (std::size_t k = 0; k < NegativeDraw::kNegatives; ++k)
      negatives.push_back(dataset.items.titles[static_cast<std::size_t>(dataset.negatives[i * NegativeDraw::kNegatives + k])]);
    EXPECT_EQ(negatives, sample.at("neg_samples").get<std::vector<std::string>>());
  }
}

TEST(GoldenPrepare, SamplesAndNegativesEqualTheNotebooks) {
  for (const Expected& expected : expected_folders()) {
    SCOPED_TRACE(expected.folder.string());
    const Dataset dataset = read_dataset(settings_of(expected));
    check_split(dataset, dataset.train, read_json(expected.folder / "train.json"), false);
    check_split(dataset, dataset.valid, read_json(expected.folder / "valid.json"), false);
    check_split(dataset, dataset.test, read_json(expected.folder / "test.json"), expected.task == Task::kSeqRec);
  }
}

TEST(GoldenPrepare, ItemListsHoldEveryTitleOnceOrAsShipped) {
  for (const Expected& expected : expected_folders()) {
    if (expected.task != Task::kSeqRec) continue;
    SCOPED_TRACE(expected.folder.string());
    const fs::path distinct = expected.folder.parent_path() / "item_list.json";
    const fs::path shipped = expected.folder.parent_path() / "negative_pool.json";
    const Dataset dataset = read_dataset(settings_of(expected));
    EXPECT_EQ(dataset.items.titles, read_json(fs::exists(distinct) ? distinct : shipped).get<std::vector<std::string>>());
  }
}

}  // namespace
}  // namespace goracs
