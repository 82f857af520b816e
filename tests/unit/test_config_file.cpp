// Configs: every mistake at once with its place, defaults by task and format, --set, and the resolved print that reads back.
#include "base/config_file.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/config_fields.hpp"
#include "base/utf8.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

/// What every config has to give.
const std::string kLeast =
    "task: seqrec\n"
    "data:\n"
    "  name: ml\n"
    "  format: recbole\n"
    "  reviews: a.inter\n"
    "  metadata: a.item\n"
    "encoder: {path: e}\n"
    "model: {path: m}\n";
constexpr int kNextLine = 9;  // the line after kLeast

LoadedConfig load(const std::string& text, std::vector<std::string> settings = {}) {
  return load_config({"my.yaml", text, std::move(settings)});
}
std::string complaints(const std::string& text, std::vector<std::string> settings = {}) {
  try {
    load(text, std::move(settings));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    return error.what();
  }
  return "";
}
/// The complaint about one line after what every config gives.
std::string complaint(const std::string& line, std::vector<std::string> settings = {}) {
  return complaints(kLeast + line + "\n", std::move(settings));
}
std::string at(int column, const std::string& text) { return fmt::format("my.yaml:{}:{}: {}", kNextLine, column, text); }

std::string with(const std::string& text, const std::string& from, const std::string& to) {
  std::string changed = text;
  return changed.replace(changed.find(from), from.size(), to);
}

TEST(Config, NeedsNoMoreThanTheseKeys) { EXPECT_EQ(complaints(kLeast), ""); }

TEST(Config, NamesEveryKeyThatIsMissing) {
  const std::string text = complaints("");
  for (const char* key : {"task", "data.name", "data.format", "encoder.path", "model.path"})
    EXPECT_NE(text.find(fmt::format("my.yaml: {}: is missing", key)), std::string::npos) << key << " in " << text;
}

TEST(Config, TellsWhereAnUnknownKeyStandsAndWhatWasMeant) {
  EXPECT_EQ(complaint("finetune: {lerning_rate: 1e-3}"),
            at(12, "finetune.lerning_rate: unknown key, did you mean finetune.learning_rate?"));
  EXPECT_EQ(complaint("budget: 64"), at(1, "budget: unknown key, did you mean select.budget?"));
  EXPECT_EQ(complaint("model.pth: x"), at(1, "model.pth: unknown key, did you mean model.path?"));
  EXPECT_EQ(complaint("select: {qqqqqqqqqqqqqqqqqqqqqq: 1}"), at(10, "select.qqqqqqqqqqqqqqqqqqqqqq: unknown key"));
  EXPECT_EQ(complaint("run:\n  # a comment\n  trheads: 2"),
            fmt::format("my.yaml:{}:3: run.trheads: unknown key, did you mean run.threads?", kNextLine + 2));
}

TEST(Config, ReportsAllMistakesInTheOrderOfTheFile) {
  const std::string text = complaints(with(kLeast, "task: seqrec", "task: sequrec") + "select: {budget: many}\nseeed: 1\n");
  EXPECT_EQ(text,
            "my.yaml:1:7: task: 'sequrec' is unknown, expected one of seqrec, ctrpre\n"
            "my.yaml:9:18: select.budget: 'many' is no integer\n"
            "my.yaml:10:1: seeed: unknown key, did you mean seed?");
}

TEST(Config, RefusesAKeyThatStandsTwice) {
  EXPECT_EQ(complaint("task: seqrec"), at(1, "task: stands there twice"));
  EXPECT_EQ(complaint("select: {budget: 1, budget: 2}"), at(21, "select.budget: stands there twice"));
  EXPECT_EQ(complaint("data: {name: x}"), at(1, "data: stands there twice"));
}

TEST(Config, RefusesWrongTypes) {
  EXPECT_EQ(complaint("seed: 1.5"), at(7, "seed: '1.5' is no integer"));
  EXPECT_EQ(complaint("seed: '1'"), at(7, "seed: '1' is no integer"));
  EXPECT_EQ(complaint("seed: 0x10"), at(7, "seed: '0x10' is no integer"));
  EXPECT_EQ(complaint("seed: 99999999999999999999"), at(7, "seed: '99999999999999999999' is no integer"));
  EXPECT_EQ(complaint("seed: [1]"), at(7, "seed: a list is no integer"));
  EXPECT_EQ(complaint("seed:"), at(1, "seed: nothing is no integer"));
  EXPECT_EQ(complaint("select: {lambda: half}"), at(18, "select.lambda: 'half' is no number"));
  EXPECT_EQ(complaint("select: {lambda: .nan}"), at(18, "select.lambda: '.nan' is no number"));
  EXPECT_EQ(complaint("select: 3"), at(1, "select: expected the keys of this section below it"));
  EXPECT_EQ(complaint("evaluate: {top_k: 5}"), at(19, "evaluate.top_k: '5' is no list of integers"));
  EXPECT_EQ(complaint("evaluate: {top_k: [5, ten]}"), at(23, "evaluate.top_k: 'ten' is no list of integers"));
  EXPECT_EQ(complaint("evaluate: {top_k: [5, 5]}"), at(23, "evaluate.top_k: '5' stands there twice"));
  EXPECT_EQ(complaint("work_dir: [a]"), at(11, "work_dir: a list is no path"));
}

TEST(Config, RefusesWordsThatOnlySomeTakeForBooleans) {
  for (const char* word : {"y", "n", "yes", "No", "on", "OFF"})
    EXPECT_EQ(complaint(fmt::format("finetune: {{group_by_length: {}}}", word)),
              at(29, fmt::format("finetune.group_by_length: '{}' is no boolean here, write true or false", word)));
  EXPECT_EQ(complaint("finetune: {group_by_length: 1}"), at(29, "finetune.group_by_length: '1' is no boolean"));
  EXPECT_FALSE(load(kLeast + "finetune: {group_by_length: false}\n").values.finetune.group_by_length);
}

TEST(Config, RefusesValuesOutOfRange) {
  EXPECT_EQ(complaint("select: {budget: 0}"), at(18, "select.budget: 0 is out of range, expected at least 1"));
  EXPECT_EQ(complaint("finetune: {learning_rate: 0}"), at(27, "finetune.learning_rate: 0 is out of range, expected more than 0"));
  EXPECT_EQ(complaint("lora: {dropout: 1}"), at(17, "lora.dropout: 1 is out of range, expected 0 to 0.99"));
  EXPECT_EQ(complaint("select: {method: itraa}").substr(0, 48), at(18, "select.method: 'itraa' is unknown,"));
  EXPECT_EQ(complaint("run: {walltime: soon}"),
            at(17, "run.walltime: 'soon' is unknown, expected one of auto, none, or seconds or HH:MM:SS"));
  EXPECT_EQ(complaint("run: {walltime: '01:30:00'}"), "");
}

TEST(Config, RefusesWhatIsNoYamlOrNoMap) {
  EXPECT_NE(complaints("task: [seqrec\n").find("my.yaml:2:1: no valid YAML: "), std::string::npos) << complaints("task: [seqrec\n");
  EXPECT_NE(complaints("- task\n").find("my.yaml:1:1: expected `key: value` lines"), std::string::npos);
  EXPECT_NE(complaints(kLeast + "---\nseed: 1\n").find("a second YAML document"), std::string::npos);
}

TEST(Config, RefusesTextThatNoDocumentBeginsWith) {
  for (const char* text : {",", ", a: b", ", 'c', d], e: .1}\nseed: 1\n"})
    EXPECT_EQ(complaints(text).find("my.yaml:1:1: no valid YAML"), 0U) << complaints(text);
}

TEST(Config, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(complaints(kLeast, {"data.title_column=\xC3\xA9"}), "");
  for (const char* broken : {"\xFF", "\xC0\x80", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_FALSE(is_utf8(broken));
    EXPECT_EQ(complaints(kLeast, {std::string("data.title_column=") + broken}), "--set: data.title_column: is not UTF-8");
  }
  for (const char* whole : {"", "a", "\xC2\x80", "\xE2\x82\xAC", "\xF0\x9F\x8E\xAC", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_utf8(whole));
}

TEST(Config, ChecksRulesBetweenKeys) {
  EXPECT_EQ(complaint("finetune:\n  batch_size: 10\n  micro_batch_size: 4"),
            "my.yaml:10: finetune.batch_size: 10 is no multiple of finetune.micro_batch_size, 4");
  EXPECT_EQ(complaint("evaluate: {adapter: start}"), "my.yaml:9: evaluate.adapter: 'start' needs model.adapter");
  EXPECT_EQ(complaints(with(kLeast, "name: ml", "name: m/l")),
            "my.yaml:3: data.name: 'm/l' names a folder: only letters, digits, '.', '_' and '-'");
  EXPECT_EQ(complaints(with(kLeast, "format: recbole", "format: alpaca")),
            "my.yaml:5: data.reviews: format alpaca does not read it\n"
            "my.yaml:6: data.metadata: format alpaca does not read it\n"
            "my.yaml: data.train: is missing, format alpaca needs it\n"
            "my.yaml: data.valid: is missing, format alpaca needs it\n"
            "my.yaml: data.test: is missing, format alpaca needs it\n"
            "my.yaml: data.items: is missing, format alpaca needs it");
  EXPECT_EQ(complaints(with(kLeast, "  name: ml", "  test_size: 2.5\n  name: ml")),
            "my.yaml:3: data.test_size: 2.5 is neither a share below 1 nor a count");
}

TEST(Config, FillsInDefaultsByTaskFormatAndBudget) {
  const Config seqrec = load(kLeast).values, ctrpre = load(with(kLeast, "seqrec", "ctrpre")).values;
  EXPECT_EQ(seqrec.select.budget, 1024);
  EXPECT_EQ(ctrpre.select.budget, 64);
  EXPECT_EQ(seqrec.select.lambda, 0.1);
  EXPECT_EQ(ctrpre.select.lambda, 0.5);
  EXPECT_FALSE(seqrec.select.label_enhanced);
  EXPECT_TRUE(ctrpre.select.label_enhanced);
  EXPECT_TRUE(load(with(kLeast, "seqrec", "ctrpre") + "select: {label_enhanced: auto}\n").values.select.label_enhanced);
  EXPECT_EQ(seqrec.finetune.learning_rate, 1e-4);
  EXPECT_EQ(ctrpre.finetune.eval_steps, 10);
  EXPECT_EQ(load(with(kLeast, "seqrec", "ctrpre"), {"select.budget=200"}).values.finetune.eval_steps, 20);
  EXPECT_EQ(load(with(kLeast, "recbole", "amazon_movies")).values.finetune.learning_rate, 3e-4);
  EXPECT_EQ(load(with(kLeast, "recbole", "amazon_movies") + "finetune: {learning_rate: 1.0e-4}\n").values.finetune.learning_rate, 1e-4);
  EXPECT_EQ(load(kLeast, {"select.method=relaxed"}).values.select.max_exchanges, 1000);
  EXPECT_EQ(load(kLeast, {"select.method=relaxed", "select.max_exchanges=7"}).values.select.max_exchanges, 7);
  EXPECT_EQ(seqrec.data.valid_size, 0.1);
  EXPECT_EQ(load(with(kLeast, "recbole", "amazon_games")).values.data.valid_size, 5000);
  EXPECT_EQ(load(with(kLeast, "recbole", "amazon_food")).values.prompt.domain, "food");
}

TEST(Config, TakesTheLastSettingAndRemembersWhereAValueIsFrom) {
  const LoadedConfig config = load(kLeast + "seed: 1\n", {"seed=2", "seed=3", "select.lambda=0"});
  EXPECT_EQ(config.values.seed, 3);
  EXPECT_EQ(config.origin.at("seed"), "--set");
  EXPECT_EQ(config.origin.at("data.name"), "my.yaml:3");
  EXPECT_EQ(config.origin.at("select.budget"), "default");
}

TEST(Config, ReadsSettingsOfEveryType) {
  const Config c = load(kLeast, {"evaluate.top_k=1,3", "run.threads=2", "data.classes=[a, b]", "data.title_column=a: b",
                                 "model.adapter=none", "work_dir=with space", "finetune.group_by_length=false"})
                       .values;
  EXPECT_EQ(c.evaluate.top_k, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(c.run.threads, 2);
  EXPECT_EQ(c.data.classes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(c.data.title_column, "a: b");
  EXPECT_TRUE(c.model.adapter.empty());
  EXPECT_EQ(c.work_dir, "with space");
}

TEST(Config, NamesTheSettingThatIsWrong) {
  EXPECT_EQ(complaints(kLeast, {"sede=1"}), "--set sede=1: sede: unknown key, did you mean seed?");
  EXPECT_EQ(complaints(kLeast, {"seed"}), "--set seed: expected key=value");
  EXPECT_EQ(complaints(kLeast, {"seed=x"}), "--set seed=x: 'x' is no integer");
  EXPECT_EQ(complaints(kLeast, {"finetune.batch_size=10"}),
            "--set: finetune.batch_size: 10 is no multiple of finetune.micro_batch_size, 16");
}

/// Odd values that a careless print would not bring back.
TEST(Config, PrintsItselfSoThatItReadsBack) {
  LoadedConfig config = load(kLeast, {"data.title_column=a: \"b\" # \\c", "select.lambda=1e-300", "finetune.learning_rate=0.1",
                                      "data.classes=[\"no\", \"1\", \"a,b\"]", "work_dir=none of it", "sweep.lambda=[0, 0.5, 1e10]",
                                      "data.valid_size=7", "evaluate.adapter=./none", "run.walltime=01:00:00"});
  const std::string yaml = resolved_yaml(config);
  LoadedConfig again = load_config({"again.yaml", yaml, {}});
  auto first = parameters_of(config.values), second = parameters_of(again.values);
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t p = 0; p < first.size(); ++p) EXPECT_EQ(first[p].text(), second[p].text()) << first[p].key;
  EXPECT_EQ(again.values.data.title_column, config.values.data.title_column);
  EXPECT_EQ(again.values.select.lambda, 1e-300);
  EXPECT_EQ(again.values.data.classes, config.values.data.classes);
  EXPECT_EQ(config_sha256(again.values), config_sha256(config.values));
}

TEST(Config, SaysWhereEachResolvedValueIsFrom) {
  const std::string yaml = resolved_yaml(load(kLeast, {"seed=3"}));
  const auto line_of = [&](const std::string& key) {
    const std::size_t begin = yaml.find(key);
    return yaml.substr(begin, yaml.find('\n', begin) - begin);
  };
  EXPECT_TRUE(line_of("task: seqrec").ends_with("# my.yaml:1"));
  EXPECT_TRUE(line_of("seed: 3").ends_with("# --set"));
  EXPECT_TRUE(line_of("  budget: 1024").ends_with("# default"));
}

TEST(Config, NamesAfterDataTaskAndHash) {
  const Config one = load(kLeast).values, same = load(kLeast, {"work_dir=elsewhere", "run.threads=1"}).values;
  const Config other = load(kLeast, {"select.budget=7"}).values;
  EXPECT_EQ(one.run.name, "ml-seqrec-" + config_sha256(one).substr(0, 10));
  EXPECT_EQ(one.run.name, same.run.name) << "folders and threads change no result";
  EXPECT_NE(one.run.name, other.run.name);
}

TEST(Config, HashesForAStageOnlyWhatCanChangeIt) {
  const Config base = load(kLeast).values, tuned = load(kLeast, {"finetune.epochs=3", "seed=5"}).values;
  EXPECT_EQ(stage_keys(base, Stage::kSelect), stage_keys(tuned, Stage::kSelect));
  EXPECT_NE(stage_keys(base, Stage::kFinetune), stage_keys(tuned, Stage::kFinetune));
  EXPECT_NE(stage_keys(load(kLeast, {"select.method=random"}).values, Stage::kSelect),
            stage_keys(load(kLeast, {"select.method=random", "seed=5"}).values, Stage::kSelect));
  EXPECT_FALSE(stage_keys(base, Stage::kPrepare).contains("select.budget"));
}

TEST(Config, NamesPathsThatAreNotThere) {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "a.inter") << "x";
  const LoadedConfig config = load(with(kLeast, "a.inter", (folder.path() / "a.inter").string()));
  const auto missing = missing_paths(config);
  ASSERT_EQ(missing.size(), 3U);
  EXPECT_EQ(missing[0], "my.yaml:6: data.metadata: no such file or folder: a.item");
}

TEST(Config, ResolvesWithoutAFileForSelectionOnArrays) {
  EXPECT_EQ(default_config("ctrpre").select.budget, 64);
  EXPECT_EQ(default_config("seqrec").select.exchange_candidates, 30);
}

TEST(Config, ExplainsEveryParameterWithDefaultAndRange) {
  const std::string text = parameter_reference();
  Config config;
  for (const Parameter& parameter : parameters_of(config))
    EXPECT_NE(text.find("  " + parameter.key + "\n"), std::string::npos) << parameter.key;
  EXPECT_NE(text.find("1024 (seqrec), 64 (ctrpre)]; integer, at least 1"), std::string::npos);
  EXPECT_EQ(parameter_reference(Stage::kSelect).find("finetune."), std::string::npos);
}

}  // namespace
}  // namespace goracs
