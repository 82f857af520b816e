#include "data/amazon_files.hpp"

#include <gtest/gtest.h>

#include "data/amazon_titles.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

using Title = std::optional<std::string>;

Title title_of(std::string_view line, AmazonSet set, TitleRule rule) {
  std::string_view reason;
  const TitledItem item = titled_item(line, set, rule, reason);
  EXPECT_EQ(reason, "") << line;
  return item.title;
}

std::string reason_of(std::string_view line, AmazonSet set) {
  std::string_view reason;
  titled_item(line, set, TitleRule::kParsed, reason);
  return std::string(reason);
}

const std::string kFifty(50, 'x'), kFiftyOne(51, 'x');

TEST(AmazonTitles, OfGamesAreLongerThanOneCodePoint) {
  const auto title = [](const std::string& line) { return title_of(line, AmazonSet::kGames, TitleRule::kParsed); };
  EXPECT_EQ(title(R"({"asin": "B1", "title": "AB", "brand": "C"})"), "AB");
  EXPECT_EQ(title(R"({"asin": "B1", "title": "\u00fc"})"), std::nullopt);
  EXPECT_EQ(title(R"({"asin": "B1", "title": "\u00fc\u00fc"})"), "\u00fc\u00fc");
  EXPECT_EQ(title(R"({"asin": "B1", "title": null})"), std::nullopt);
  EXPECT_EQ(title(R"({"asin": "B1"})"), std::nullopt);
  EXPECT_EQ(title(R"({"asin": "B1", "title": "first", "title": "second"})"), "second");
}

TEST(AmazonTitles, OfMoviesBearTheBrandAndAreLongerThanFifty) {
  const auto title = [](const std::string& line) { return title_of(line, AmazonSet::kMovies, TitleRule::kParsed); };
  EXPECT_EQ(title(R"({"asin": "B1", "title": ")" + kFifty + R"("})"), std::nullopt);
  EXPECT_EQ(title(R"({"asin": "B1", "title": ")" + kFiftyOne + R"(", "brand": ""})"), kFiftyOne);
  EXPECT_EQ(title(R"({"asin": "B1", "brand": "A's", "title": ")" + kFifty + R"('"})"), kFifty + "_ - A_s");
}

TEST(AmazonTitles, OfMoviesByTheReferenceAreRawText) {
  const auto title = [](const std::string& line) { return title_of(line, AmazonSet::kMovies, TitleRule::kReference); };
  // an empty brand counts, escapes stay, the title stops before \" and keeps the backslash
  EXPECT_EQ(title(R"({"asin": "B1", "title": ")" + kFifty + R"(", "brand": ""})"), kFifty + " - ");
  EXPECT_EQ(title(R"({"asin": "B1", "title": ")" + kFifty + R"(\u00fc"})"), kFifty + R"(\u00fc)");
  EXPECT_EQ(title(R"({"asin": "B1", "title": ")" + kFiftyOne + R"(\"quoted\""})"), kFiftyOne + R"(\)");
  EXPECT_EQ(title(R"({"asin": "B1", "title":")" + kFiftyOne + R"("})"), std::nullopt) << "the text matching wants a space behind the colon";
  EXPECT_EQ(title("no JSON at all"), std::nullopt);
}

TEST(AmazonTitles, OfFoodAreReadFromPythonLiterals) {
  const auto title = [](const std::string& line) { return title_of(line, AmazonSet::kFood, TitleRule::kParsed); };
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': "Ann's Tea", 'brand': 'Oak_Iron'})"), "Ann's Tea - Oak_Iron");
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': '', 'brand': 'B'})"), " - B");
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': 'T'})"), std::nullopt);
}

TEST(AmazonTitles, OfFoodByTheReferenceStopAtUnderscores) {
  const auto title = [](const std::string& line) { return title_of(line, AmazonSet::kFood, TitleRule::kReference); };
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': 'Green Tea', 'brand': ''})"), "Green Tea");
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': 'Green_Tea'})"), "Green");
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': "Ann's Tea"})"), std::nullopt) << "double quotes do not match";
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': 'Tea', 'brand': "Ann's"})"), "Tea");
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': 'An\'s "T"'})"), R"(An\)");
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': 'Caf\xe9'})"), R"(Caf\xe9)");
  EXPECT_EQ(title(R"({'asin': 'B1', 'title': '', 'brand': 'Oak'})"), " - Oak");
  EXPECT_EQ(title("{'asin':\t'B1', 'title':\xc2\xa0 'Tea'}"), "Tea") << "any white space may stand behind the colon";
}

TEST(AmazonTitles, AreRefusedWithAReason) {
  EXPECT_EQ(reason_of(R"({"asin": "B1", "title": "x)", AmazonSet::kGames), "a string does not end");
  EXPECT_EQ(reason_of(R"({"title": "x"})", AmazonSet::kGames), "no asin");
  EXPECT_EQ(reason_of(R"({"asin": "B1", "title": 5})", AmazonSet::kGames), "asin, title and brand must be texts");
  EXPECT_EQ(reason_of(R"({"asin": "B1", "title": "\ud800x"})", AmazonSet::kGames), "an escape that names no character");
  EXPECT_EQ(reason_of(R"({"asin": "B1", "title": "a\u0000b"})", AmazonSet::kGames), "a text with the character U+0000");
  EXPECT_EQ(reason_of(R"({"asin": "B1"})", AmazonSet::kFood), "") << "JSON of texts is a Python literal too";
}

TEST(AmazonTitles, BecomeNanInTheReferencesTable) {
  for (const char* title : {"NA", "N/A", "null", "NULL", "None", "nan"}) EXPECT_EQ(after_csv_table(title), "nan");
  for (const char* title : {"na", "none", "2010", "True", " NA"}) EXPECT_EQ(after_csv_table(title), title);
}

class AmazonFiles : public testing::Test {
 protected:
  Catalogue metadata(const std::string& lines, std::int64_t allowed = 0) {
    BrokenLines broken(allowed, {});
    return read_amazon_metadata(folder_.file("meta.json", lines), AmazonSet::kGames, TitleRule::kParsed, {threads_, {}}, broken);
  }
  Interactions reviews(const std::string& lines, std::int64_t allowed = 0) {
    BrokenLines broken(allowed, {});
    const Catalogue catalogue = metadata("{\"asin\": \"B1\", \"title\": \"One\"}\n{\"asin\": \"B2\", \"title\": \"Two\"}\n");
    return read_amazon_reviews(folder_.file("reviews.json", lines), catalogue, {threads_, {}}, broken);
  }
  test::TemporaryFolder folder_;
  std::int64_t threads_ = 1;
};

TEST_F(AmazonFiles, LaterUsableTitlesWin) {
  const Catalogue catalogue = metadata(
      "{\"asin\": \"B1\", \"title\": \"Old\"}\n{\"asin\": \"B2\", \"title\": \"X\"}\n{\"asin\": \"B1\", \"title\": \"New\"}\n{\"asin\": "
      "\"B1\", \"title\": \"\"}\n");
  ASSERT_EQ(catalogue.keys.size(), 1);
  EXPECT_EQ(catalogue.titles.at(0), "New");
}

TEST_F(AmazonFiles, ReviewsKeepWhoWhatWhenAndLikes) {
  const Interactions read = reviews(
      "{\"reviewerID\": \"u\", \"asin\": \"B2\", \"overall\": 4.0, \"unixReviewTime\": 7}\n"
      "{\"reviewerID\": \"v\", \"asin\": \"B1\", \"overall\": 3.9, \"unixReviewTime\": 5.9}\n"
      "{\"reviewerID\": \"u\", \"asin\": \"B1\", \"overall\": 5, \"unixReviewTime\": 7}\n");
  ASSERT_EQ(read.ratings.size(), 3U);
  EXPECT_EQ(read.users.size(), 2);
  EXPECT_EQ(read.users[0], "u");
  EXPECT_EQ(read.ratings[0].item, 1);
  EXPECT_TRUE(read.ratings[0].liked);
  EXPECT_FALSE(read.ratings[1].liked) << "int(3.9) is 3";
  EXPECT_EQ(read.ratings[1].time, 5.0);
  EXPECT_EQ(read.ratings[2].user, 0);
}

TEST_F(AmazonFiles, ReviewsWithoutRatingTimeOrTitledItemAreLeftOut) {
  const Interactions read = reviews(
      "{\"reviewerID\": \"u\", \"asin\": \"B9\", \"overall\": 4.0, \"unixReviewTime\": 7}\n"
      "{\"reviewerID\": \"u\", \"asin\": \"B1\", \"unixReviewTime\": 7}\n"
      "{\"reviewerID\": \"u\", \"asin\": \"B1\", \"overall\": 4.0}\n"
      "{\"reviewerID\": \"u\", \"asin\": \"B1\", \"overall\": null, \"unixReviewTime\": 7}\n\n");
  EXPECT_TRUE(read.ratings.empty());
  EXPECT_EQ(read.users.size(), 0);
}

TEST_F(AmazonFiles, BrokenLinesAreNamedAndSkippedOnlyWhenAllowed) {
  const std::string good = "{\"reviewerID\": \"u\", \"asin\": \"B1\", \"overall\": 4.0, \"unixReviewTime\": 7}\n",
                    broken = "{\"reviewerID\": \"u\", \n";
  test::expect_error(ExitCode::kInput, {"reviews.json:2: broken line: ", "data.skip_bad_lines: 0"}, [&] { reviews(good + broken + good); });
  EXPECT_EQ(reviews(good + broken + good, 1).ratings.size(), 2U);
  test::expect_error(ExitCode::kInput, {"reviews.json:3: broken line: "}, [&] { reviews(good + broken + broken, 1); });
}

TEST_F(AmazonFiles, ReviewsMustNameUserAndItem) {
  test::expect_error(ExitCode::kInput, {"reviews.json:1: broken line: no reviewerID"},
                     [&] { reviews("{\"asin\": \"B1\", \"overall\": 4}\n"); });
  test::expect_error(ExitCode::kInput, {"reviews.json:1: broken line: no asin"},
                     [&] { reviews("{\"reviewerID\": \"u\", \"asin\": 5}\n"); });
  test::expect_error(ExitCode::kInput, {"reviews.json:1: broken line: overall is no number"},
                     [&] { reviews("{\"reviewerID\": \"u\", \"asin\": \"B1\", \"overall\": \"5\"}\n"); });
}

/// Many blocks, with a broken line every so often.
TEST_F(AmazonFiles, GiveTheSameForAnyNumberOfThreads) {
  std::string lines;
  for (int k = 0; k < 20'000; ++k)
    lines += "{\"reviewerID\": \"user " + std::to_string(k * 7919 % 1000) + "\", \"asin\": \"B" + std::to_string(k % 3) +
             "\", \"overall\": " + std::to_string(k % 5 + 1) + ", \"text\": \"" + std::string(static_cast<std::size_t>(k % 300), 'x') +
             "\", \"unixReviewTime\": " + std::to_string(k) + "}\n";
  lines.insert(lines.find("unixReviewTime\": 15000"), "\"");
  const Interactions alone = reviews(lines, 1);
  for (const std::int64_t threads : {2, 3, 7}) {
    threads_ = threads;
    const Interactions together = reviews(lines, 1);
    ASSERT_EQ(together.ratings.size(), alone.ratings.size());
    for (std::size_t k = 0; k < alone.ratings.size(); ++k) {
      ASSERT_EQ(together.ratings[k].user, alone.ratings[k].user);
      ASSERT_EQ(together.ratings[k].item, alone.ratings[k].item);
      ASSERT_EQ(together.ratings[k].time, alone.ratings[k].time);
      ASSERT_EQ(together.ratings[k].liked, alone.ratings[k].liked);
    }
    test::expect_error(ExitCode::kInput, {"reviews.json:15001: broken line: "}, [&] { reviews(lines); });
  }
}

}  // namespace
}  // namespace goracs
