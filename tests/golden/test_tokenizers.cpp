// Token ids and decoded text equal those of tokenizers and sentencepiece (tests/golden/tokenizers, tokenizers_external).
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "data/tokenizer.hpp"
#include "support/golden.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct CaseFile {
  fs::path cases;
  std::unique_ptr<Tokenizer> tokenizer;
};

/// The tokenizer that a cases file belongs to: by its name for tokenizer.model, else the tokenizer.json beside it. Files of third parties lie
/// in the cache folder, where set-up puts them.
std::unique_ptr<Tokenizer> tokenizer_for(const fs::path& cases) {
  fs::path folder = cases.parent_path();
  const std::string name = cases.filename().string();
  const bool sentencepiece = name.starts_with("cases_");
  const char* file = sentencepiece ? "tokenizer.model" : "tokenizer.json";
  if (!fs::exists(folder / file)) folder = test::cache_root() / "tokenizers_external" / folder.filename();
  return sentencepiece ? open_sentencepiece(folder / file, name != "cases_nonlegacy.json") : open_tokenizer_json(folder / file);
}

void check(const fs::path& file) {
  SCOPED_TRACE(file.string());
  std::ifstream in(file);
  const Json json = Json::parse(in);
  const auto tokenizer = tokenizer_for(file);
  ASSERT_FALSE(json.at("cases").empty());
  std::map<std::string, std::string> text_of;
  EncodeOptions with{true, true, 0}, without{false, true, 0};
  for (const Json& one : json.at("cases")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    const auto text = one.at("text").get<std::string>();
    text_of[one.at("name")] = text;
    const auto ids = one.at("ids").get<std::vector<TokenId>>();
    EXPECT_EQ(tokenizer->encode(text, with), ids) << text;
    EXPECT_EQ(tokenizer->encode(text, without), one.at("ids_no_special").get<std::vector<TokenId>>());
    EXPECT_EQ(tokenizer->decode(ids, false), one.at("decoded").get<std::string>());
    EXPECT_EQ(tokenizer->decode(ids, true), one.at("decoded_skip_special").get<std::string>());
  }
  for (const Json& one : json.at("truncated")) {
    EncodeOptions cut = with;
    cut.max_length = one.at("max_length").get<std::int64_t>();
    EXPECT_EQ(tokenizer->encode(text_of.at(one.at("name")), cut), one.at("ids").get<std::vector<TokenId>>()) << one.at("name");
  }
}

std::vector<fs::path> case_files(const std::string& folder) {
  auto files = test::golden_files(folder, ".json");
  std::erase_if(files, [](const fs::path& file) { return !file.filename().string().starts_with("cases"); });
  if (files.empty()) throw std::runtime_error("no cases*.json in " + folder);
  return files;
}

TEST(GoldenTokenizers, GiveTheIdsAndTextsOfTheOriginals) {
  for (const auto& file : case_files("tokenizers")) check(file);
}

TEST(GoldenTokenizers, OfThirdPartiesGiveTheIdsAndTextsOfTheOriginals) {
  for (const auto& file : case_files("tokenizers_external")) check(file);
}

}  // namespace
}  // namespace goracs
