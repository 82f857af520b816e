#include "data/prompt_tokens.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

constexpr TokenId kBos = 1, kEos = 2;

/// A token for every word with the white space in front of it; BOS in front.
class WordTokenizer final : public Tokenizer {
 public:
  WordTokenizer() {
    SpecialIds ids;
    ids.bos = kBos;
    ids.eos = kEos;
    name_special(ids);
  }
  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override {
    EXPECT_FALSE(options.special_in_text) << "text from data never asks for special tokens";
    std::vector<TokenId> ids;
    if (options.add_special_tokens) ids.push_back(kBos);
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = text.find_first_not_of(" \n", at);
      end = std::min(text.find_first_of(" \n", end), text.size());
      ids.push_back(ids_.try_emplace(std::string(text.substr(at, end - at)), static_cast<TokenId>(ids_.size()) + 3).first->second);
      at = end;
    }
    if (options.max_length > 0 && static_cast<std::int64_t>(ids.size()) > options.max_length)
      ids.resize(static_cast<std::size_t>(options.max_length));
    return ids;
  }
  std::string decode(const std::vector<TokenId>& ids, bool) const override {
    std::string text;
    for (const TokenId id : ids)
      for (const auto& [word, known] : ids_)
        if (known == id) text += word;
    return text;
  }
  std::int64_t vocab_size() const override { return 1000; }
  std::string kind() const override { return "words"; }

 private:
  mutable std::map<std::string, TokenId> ids_;
};

TEST(PromptTemplate, IsAlpacasWithAndWithoutInput) {
  const auto alpaca = PromptTemplate::named("alpaca");
  EXPECT_EQ(alpaca.text("Do.", "x", "y"),
            "Below is an instruction that describes a task, paired with an input that provides further context. Write a response that "
            "appropriately completes "
            "the request.\n\n### Instruction:\nDo.\n\n### Input:\nx\n\n### Response:\ny");
  EXPECT_EQ(alpaca.text("Do.", "", "y"),
            "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### "
            "Instruction:\nDo.\n\n### "
            "Response:\ny");
  EXPECT_EQ(alpaca.prompt("Do.", "x") + "y", alpaca.text("Do.", "x", "y"));
  const auto spaced = PromptTemplate::named("alpaca_space");
  EXPECT_NE(spaced.text("Do.", "x", "y").find("the request. \n\n###"), std::string::npos);
  EXPECT_NE(alpaca.fingerprint(), spaced.fingerprint());
}

TEST(PromptTemplate, DoesNotSearchValuesForPlaces) {
  EXPECT_NE(PromptTemplate::named("alpaca").prompt("{input} {output} {", "in").find(":\n{input} {output} {\n\n### Input:\nin\n"),
            std::string::npos);
}

TEST(PromptTemplate, ComesFromAFile) {
  const test::TemporaryFolder folder;
  const auto own = PromptTemplate::named(folder.file("own.txt", "Q {instruction} {x} {input} A {output}\n").string());
  EXPECT_EQ(own.text("i", "n", "o"), "Q i {x} n A o");
  const auto error_of = [&](const std::string& text, const std::string& part) {
    const auto path = folder.file("bad.txt", text);
    test::expect_error(ExitCode::kUsage, {"prompt.template", "bad.txt", part}, [&] { PromptTemplate::named(path.string()); });
  };
  error_of("{instruction} {input}", "{output} once");
  error_of("{instruction} {input} {input} {output}", "{input} once");
  error_of("{instruction} {output} {input}", "{input} stands behind {output}");
  test::expect_error(ExitCode::kUsage, {"'alpacca' is neither"}, [] { PromptTemplate::named("alpacca"); });
}

/// "x:" then the titles, as SeqRec; the template is "i <input> = <output>".
class PromptTokensTest : public testing::Test {
 protected:
  SampleView sample(const std::string& input, const std::string& output, std::int32_t label = -1) {
    input_ = input;
    output_ = output;
    history_ = history_in_text(input_, Task::kSeqRec);
    return {"do", input_, output_, history_, label};
  }
  PromptTokens tokens(std::int64_t cutoff, Truncate truncate = Truncate::kHistory) const {
    PromptSettings settings;
    settings.cutoff_len = cutoff;
    settings.truncate = truncate;
    return {tokenizer_, template_, settings};
  }
  PromptTokens classes(std::int64_t cutoff, const std::vector<std::string>& names) const {
    PromptSettings settings;
    settings.task = Task::kCtrPre;
    settings.cutoff_len = cutoff;
    settings.classes = names;
    return {tokenizer_, template_, settings};
  }
  std::string text(const TokenisedSample& found) const { return tokenizer_.decode(found.ids, true); }

  test::TemporaryFolder folder_;
  WordTokenizer tokenizer_;
  PromptTemplate template_ = PromptTemplate::named(folder_.file("own.txt", "{instruction} {input} = {output}").string());
  std::string input_, output_;
  std::vector<TitleSpan> history_;
};

TEST_F(PromptTokensTest, PutsBosInFrontAndEosBehind) {
  const auto found = tokens(512).with_answer(sample("x: \"a\"", "\"t\""), "s");
  ASSERT_EQ(found.ids.size(), 7U);  // BOS do x: "a" = "t" EOS
  EXPECT_EQ(found.ids.front(), kBos);
  EXPECT_EQ(found.ids.back(), kEos);
  EXPECT_EQ(found.prompt_length, 5);
  EXPECT_FALSE(found.shortened);
}

TEST_F(PromptTokensTest, AppendsEosOnlyWhereThereIsRoom) {
  EXPECT_EQ(tokens(7).with_answer(sample("x: \"a\"", "\"t\""), "s").ids.back(), kEos);
  const auto full = tokens(6).with_answer(sample("x: \"a\"", "\"t\""), "s");
  EXPECT_EQ(full.ids.size(), 6U);
  EXPECT_NE(full.ids.back(), kEos);
  EXPECT_FALSE(full.shortened);
}

TEST_F(PromptTokensTest, DropsTheOldestTitlesUntilPromptAndAnswerFit) {
  const auto found = tokens(7).with_answer(sample("x: \"a b\", \"c\", \"d\"", "\"t\""), "s");  // BOS do x: "a b", "c", "d" = "t" are 9
  EXPECT_EQ(text(found), "do x: \"c\", \"d\" = \"t\"");
  EXPECT_TRUE(found.shortened);
  EXPECT_EQ(found.prompt_length, 6);
}

TEST_F(PromptTokensTest, CutsTokensWhereNoTitleIsLeftToDrop) {
  const auto found = tokens(4).with_answer(sample("x: \"a\"", "\"t u v\""), "s");
  EXPECT_EQ(found.ids.size(), 4U);
  EXPECT_TRUE(found.shortened);
}

TEST_F(PromptTokensTest, CutsTheAnswerAsTheReferenceDoes) {
  const auto found = tokens(6, Truncate::kReference).with_answer(sample("x: \"a b\", \"c\"", "\"t\""), "s");
  EXPECT_EQ(text(found), "do x: \"a b\", \"c\"");
  EXPECT_TRUE(found.shortened);
}

TEST_F(PromptTokensTest, GivesGenerationThePromptAloneWithoutEos) {
  const auto found = tokens(6).without_answer(sample("x: \"a\", \"b\"", "\"t\""));  // the space at its end is a token of its own
  EXPECT_EQ(text(found), "do x: \"b\" = ");
  EXPECT_EQ(found.prompt_length, static_cast<std::int64_t>(found.ids.size()));
  EXPECT_NE(found.ids.back(), kEos);
}

TEST_F(PromptTokensTest, FindsTheClassTokensBehindThePrompt) {
  const PromptTokens found = classes(512, {"Yes", "No way"});
  const auto yes = found.with_answer(sample("q", "Yes", 0), "s"), no = found.with_answer(sample("q", "No way", 1), "s");
  EXPECT_EQ(yes.ids.at(static_cast<std::size_t>(yes.prompt_length)), found.class_tokens().at(0));
  EXPECT_EQ(no.ids.at(static_cast<std::size_t>(no.prompt_length)), found.class_tokens().at(1));
}

TEST_F(PromptTokensTest, RefusesAnswersWithOneFirstToken) {
  test::expect_error(ExitCode::kInput, {"the answers 'No' and 'No way' begin with the same token"},
                     [&] { classes(512, {"Yes", "No", "No way"}); });
  test::expect_error(ExitCode::kInput, {"class 1 is empty"}, [&] { classes(512, {"Yes", ""}); });
}

TEST_F(PromptTokensTest, AnAnswerThatDoesNotFitIsAnErrorWithTheSamplesName) {
  EXPECT_NO_THROW(classes(5, {"Yes", "No"}).with_answer(sample("q", "No", 1), "train sample 3"));
  test::expect_error(ExitCode::kInput, {"train sample 3: 4 tokens of prompt leave no room for the answer (prompt.cutoff_len 4)"},
                     [&] { classes(4, {"Yes", "No"}).with_answer(sample("q", "No", 1), "train sample 3"); });
}

TEST_F(PromptTokensTest, AnAnswerThatMergesWithItsInputIsAnError) {
  const PromptTemplate merging = PromptTemplate::named(folder_.file("merging.txt", "{instruction} {input}{output}").string());
  PromptSettings settings;
  settings.task = Task::kCtrPre;
  settings.classes = {"Yes", "No"};
  const PromptTokens found(tokenizer_, merging, settings);
  test::expect_error(ExitCode::kInput, {"s: behind its prompt 'No' begins with token", "the template must separate input and output"},
                     [&] { found.with_answer(sample("q", "No", 1), "s"); });
}

TEST_F(PromptTokensTest, EmbedsTheAnswerOfNextTitleSamplesOnly) {
  EXPECT_EQ(embedding_text(template_, Task::kSeqRec, sample("x", "\"t\"")), "do x = \"t\"");
  EXPECT_EQ(embedding_text(template_, Task::kCtrPre, sample("x", "Yes", 0)), "do x = ");
}

}  // namespace
}  // namespace goracs
