// R16: every mistake in a config is found, with file, line and column, whichever key it is made in.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <regex>

#include "base/config_fields.hpp"
#include "base/config_file.hpp"
#include "base/error.hpp"

namespace goracs {
namespace {

/// The lines of a config that is right, one key each.
constexpr const char* kRight = R"(task: seqrec
data:
  name: tiny
  format: recbole
  reviews: a.inter
  metadata: a.item
encoder:
  path: encoder
model:
  path: model
)";

std::vector<std::string> keys() {
  Config config;
  std::vector<std::string> all;
  for (const Parameter& parameter : parameters_of(config)) all.push_back(parameter.key);
  return all;
}

const Parameter& parameter_of(std::vector<Parameter>& all, const std::string& key) {
  return *std::find_if(all.begin(), all.end(), [&](const Parameter& p) { return p.key == key; });
}

std::string mistakes_of(const std::string& yaml, const std::vector<std::string>& settings = {}) {
  try {
    load_config({"my.yaml", yaml, settings});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    return error.what();
  }
  return "";
}

/// A config whose line 1 (and 2, below its section) is this key alone, misspelt or with this value.
std::string yaml_with(const std::string& key, const std::string& value) {
  const std::size_t dot = key.find('.');
  if (dot == std::string::npos) return key + ": " + value + "\n";
  return key.substr(0, dot) + ":\n  " + key.substr(dot + 1) + ": " + value + "\n";
}
int line_of(const std::string& key) { return key.find('.') == std::string::npos ? 1 : 2; }
int key_column(const std::string& key) { return key.find('.') == std::string::npos ? 1 : 3; }
int value_column(const std::string& key) { return key_column(key) + static_cast<int>(key.size() - (key.find('.') + 1)) + 2; }

std::string place(int line, int column) { return "my.yaml:" + std::to_string(line) + ":" + std::to_string(column) + ": "; }

class EveryKey : public testing::TestWithParam<std::string> {};

TEST_P(EveryKey, MisspeltIsUnknownWithItsPlaceAndTheRightName) {
  const std::string& key = GetParam();
  const std::string wrong = key + "x";
  const std::string found = mistakes_of(yaml_with(wrong, "1"));
  EXPECT_NE(found.find(place(line_of(key), key_column(key)) + wrong + ": unknown key, did you mean " + key + "?"), std::string::npos)
      << found;
  EXPECT_NE(mistakes_of(kRight, {wrong + "=1"}).find(wrong + ": unknown key, did you mean " + key + "?"), std::string::npos);
}

TEST_P(EveryKey, OfTheWrongTypeIsFoundWithItsPlace) {
  const std::string& key = GetParam();
  const std::string found = mistakes_of(yaml_with(key, "{a: 1}"));
  EXPECT_NE(found.find(place(line_of(key), value_column(key)) + key + ": a map is no "), std::string::npos) << found;
}

TEST_P(EveryKey, OutOfRangeIsFoundWithItsPlaceAndWhatWasExpected) {
  const std::string& key = GetParam();
  Config config;
  std::vector<Parameter> all = parameters_of(config);
  const Parameter& parameter = parameter_of(all, key);
  const bool is_list = parameter.type().starts_with("list"), has_choices = !parameter.range.choices.empty();
  if (!has_choices && !std::isfinite(parameter.range.least)) return;  // everything goes
  if (parameter.range.or_path) return;                                // a word that is no choice is a path
  const std::string value = has_choices ? "nonsense" : "-1";
  const std::string found = mistakes_of(yaml_with(key, is_list ? "[" + value + "]" : value));
  const std::string where = place(line_of(key), value_column(key) + (is_list ? 1 : 0)) + key + ": ";
  EXPECT_NE(found.find(where), std::string::npos) << found;
  EXPECT_NE(found.find("expected " + parameter.range.text()), std::string::npos) << found;
}

TEST_P(EveryKey, GivenTwiceIsFoundAtItsSecondPlace) {
  const std::string& key = GetParam();
  Config config;
  std::vector<Parameter> all = parameters_of(config);
  const std::size_t dot = key.find('.');
  const std::string line = (dot == std::string::npos ? "" : "  ") + key.substr(dot == std::string::npos ? 0 : dot + 1) + ": 1\n";
  const std::string yaml = (dot == std::string::npos ? "" : key.substr(0, dot) + ":\n") + line + line;
  const std::string found = mistakes_of(yaml);
  EXPECT_NE(found.find(place(line_of(key) + 1, key_column(key)) + key + ": stands there twice"), std::string::npos) << found;
}

INSTANTIATE_TEST_SUITE_P(Config, EveryKey, testing::ValuesIn(keys()),
                         [](const auto& each) { return std::regex_replace(each.param, std::regex("\\."), "_"); });

TEST(DefaultConfig, TakesSettingsWithoutWhatARunNeeds) {
  const LoadedConfig config = default_config("seqrec", {"select.budget=12", "select.method=relaxed"});
  EXPECT_EQ(config.values.select.budget, 12);
  EXPECT_EQ(config.values.select.max_exchanges, 1000);
  EXPECT_EQ(config.origin.at("select.lambda"), "default");
  EXPECT_THROW(default_config("seqrec", {"select.budget=0"}), Error);
}

}  // namespace
}  // namespace goracs
