// Samples become the token ids, answer positions and class tokens that the gradients were computed from (tests/golden/grads).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/h5.hpp"
#include "data/prompt_tokens.hpp"
#include "support/golden.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// The samples beside an .h5 file, and the file.
struct GoldenSamples {
  Json json;
  H5File file;
  std::unique_ptr<Tokenizer> tokenizer;
  PromptTemplate prompt;

  static GoldenSamples open(const fs::path& samples) {
    std::ifstream in(samples);
    Json json = Json::parse(in);
    const std::string name = samples.filename().string();
    H5File file = H5File::open(samples.parent_path() / (name.substr(0, name.find("_samples")) + ".h5"));
    auto tokenizer = open_tokenizer(samples.parent_path() / file.text_attribute("model"));
    auto prompt = PromptTemplate::named(json.at("after_request") == " " ? "alpaca_space" : "alpaca");
    return {std::move(json), std::move(file), std::move(tokenizer), std::move(prompt)};
  }

  /// Ids without padding, and the column of the first.
  std::pair<std::vector<TokenId>, std::int64_t> row(std::int64_t i) const {
    const Shape shape = file.shape("input_ids");
    const auto ids = file.read<std::int32_t>("input_ids"), mask = file.read<std::int32_t>("attention_mask");
    const auto begin = static_cast<std::size_t>(i * shape[1]), end = static_cast<std::size_t>((i + 1) * shape[1]);
    std::size_t first = begin;
    while (first < end && mask[first] == 0) ++first;
    return {{ids.begin() + static_cast<std::ptrdiff_t>(first), ids.begin() + static_cast<std::ptrdiff_t>(end)},
            static_cast<std::int64_t>(first - begin)};
  }
};

std::vector<fs::path> sample_files(const std::string& ending) { return test::golden_files("grads", ending); }

TEST(GoldenPrompts, NextTitleSamplesBecomeTheIdsOfTheOriginals) {
  for (const fs::path& path : sample_files("seqrec_samples.json")) {
    SCOPED_TRACE(path.string());
    const GoldenSamples golden = GoldenSamples::open(path);
    const PromptTokens tokens(*golden.tokenizer, golden.prompt, {});
    std::int64_t i = 0;
    for (const Json& sample : golden.json.at("samples")) {
      const std::string instruction = sample.at("instruction"), input = sample.at("input"), output = sample.at("output");
      const auto history = history_in_text(input, Task::kSeqRec);
      EXPECT_EQ(tokens.with_answer({instruction, input, output, history, -1}, "sample").ids, golden.row(i++).first);
    }
  }
}

TEST(GoldenPrompts, YesNoSamplesAnswerWhereTheOriginalsDo) {
  for (const fs::path& path : sample_files("ctrpre_samples.json")) {
    SCOPED_TRACE(path.string());
    const GoldenSamples golden = GoldenSamples::open(path);
    PromptSettings settings;
    settings.task = Task::kCtrPre;
    settings.classes = {"Yes", "No"};
    const PromptTokens tokens(*golden.tokenizer, golden.prompt, settings);
    EXPECT_EQ(tokens.class_tokens(), golden.file.read<std::int32_t>("class_token_ids"));
    const auto answer_position = golden.file.read<std::int64_t>("answer_position");
    const auto class_index = golden.file.read<std::int32_t>("class_index");
    std::int64_t i = 0;
    for (const Json& sample : golden.json.at("samples")) {
      const std::string instruction = sample.at("instruction"), input = sample.at("input"), output = sample.at("output");
      const auto k = static_cast<std::size_t>(i);
      EXPECT_EQ(settings.classes[static_cast<std::size_t>(class_index[k])], output);
      const auto found = tokens.with_answer({instruction, input, output, {}, class_index[k]}, "sample");
      const auto& [ids, padding] = golden.row(i);
      EXPECT_EQ(found.ids, ids);
      EXPECT_EQ(found.prompt_length - 1, answer_position[k] - padding);
      ++i;
    }
  }
}

}  // namespace
}  // namespace goracs
