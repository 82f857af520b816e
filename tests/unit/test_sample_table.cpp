#include "data/sample_table.hpp"

#include <gtest/gtest.h>

#include "data/wording.hpp"

namespace goracs {
namespace {

using Texts = std::vector<std::string>;

Texts shown(std::string_view input, std::span<const TitleSpan> spans) {
  Texts texts;
  for (const TitleSpan span : spans)
    texts.emplace_back(input.substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.length)));
  return texts;
}

TEST(Wording, OfNextTitleSamplesIsTheReferences) {
  SampleTable table;
  const std::vector<HistoryTitle> history = {{"A \"b\"", true}, {"C", false}};
  Wording(Domain::kMovies, Task::kSeqRec).add_sample(table, "u", history, {"T", true});
  const SampleView sample = table[0];
  EXPECT_EQ(sample.instruction,
            "Given a list of movies ad TVs the user has watched before, please recommend the title of a new movie or TV that the user will "
            "like to watch in "
            "the following time.");
  EXPECT_EQ(sample.input, "The user has watched the following movies and TVs before:\"A \"b\"\", \"C\"\n ");
  EXPECT_EQ(sample.output, "\"T\"");
  EXPECT_EQ(shown(sample.input, sample.history), (Texts{"\"A \"b\"\"", "\"C\""}));
}

TEST(Wording, OfYesNoSamplesSplitsTheHistoryAndRemembersItsOrder) {
  SampleTable table;
  const std::vector<HistoryTitle> history = {{"old", false}, {"mid", true}, {"new", false}};
  Wording(Domain::kFood, Task::kCtrPre).add_sample(table, "u", history, {"T", false});
  const SampleView sample = table[0];
  EXPECT_EQ(sample.instruction,
            "Given the user's preference and unpreference, identify whether the user will like the target food product by answering "
            "\"Yes\" or \"No\".");
  EXPECT_EQ(
      sample.input,
      "User Preference: \"mid\"\nUser Unpreference: \"old\", \"new\"\nWhether the user will like the target food product named \"T\"?");
  EXPECT_EQ(sample.output, "No");
  EXPECT_EQ(shown(sample.input, sample.history), (Texts{"\"old\"", "\"mid\"", "\"new\""}));
}

TEST(OldestTitles, GoWithTheirSeparators) {
  SampleTable table;
  const std::vector<HistoryTitle> history = {{"a", true}, {"b, c", true}, {"d", true}};
  Wording(Domain::kGames, Task::kSeqRec).add_sample(table, "u", history, {"T", true});
  const SampleView sample = table[0];
  const std::string lead = "The user has played the following video games before:";
  EXPECT_EQ(without_oldest_titles(sample.input, sample.history, 0), sample.input);
  EXPECT_EQ(without_oldest_titles(sample.input, sample.history, 1), lead + "\"b, c\", \"d\"\n ");
  EXPECT_EQ(without_oldest_titles(sample.input, sample.history, 2), lead + "\"d\"\n ");
  EXPECT_EQ(without_oldest_titles(sample.input, sample.history, 3), lead + "\n ");
  EXPECT_EQ(without_oldest_titles(sample.input, sample.history, 9), lead + "\n ");
}

TEST(OldestTitles, LeaveTheMiddleAndTheEndOfEitherList) {
  SampleTable table;
  const std::vector<HistoryTitle> history = {{"1", true}, {"2", false}, {"3", true}, {"4", false}, {"5", true}};
  Wording(Domain::kGames, Task::kCtrPre).add_sample(table, "u", history, {"T", true});
  const SampleView sample = table[0];
  const std::string question = "\nWhether the user will like the target game \"T\"?";
  EXPECT_EQ(without_oldest_titles(sample.input, sample.history, 1),
            "User Preference: \"3\", \"5\"\nUser Unpreference: \"2\", \"4\"" + question);
  EXPECT_EQ(without_oldest_titles(sample.input, sample.history, 2), "User Preference: \"3\", \"5\"\nUser Unpreference: \"4\"" + question);
  EXPECT_EQ(without_oldest_titles(sample.input, sample.history, 4), "User Preference: \"5\"\nUser Unpreference: " + question);
}

TEST(HistoryInText, IsWhatTheWordingPutThere) {
  for (const Task task : {Task::kSeqRec, Task::kCtrPre})
    for (std::size_t count = 0; count <= 4; ++count) {
      SampleTable table;
      std::vector<HistoryTitle> history = {{"a", true}, {"", true}, {"c: \"d\" (e)", true}, {"f's", true}};
      history.resize(count);
      Wording(Domain::kGames, task).add_sample(table, "u", history, {"T", true});
      const SampleView sample = table[0];
      EXPECT_EQ(shown(sample.input, history_in_text(sample.input, task)), shown(sample.input, sample.history)) << sample.input;
    }
}

TEST(HistoryInText, TakesFromTheLongerOfTwoListsFirst) {
  const std::string input =
      "User Preference: \"a\"\nUser Unpreference: \"b\", \"c\", \"d\"\nWhether the user will like the target game \"T\"?";
  EXPECT_EQ(shown(input, history_in_text(input, Task::kCtrPre)), (Texts{"\"b\"", "\"c\"", "\"a\"", "\"d\""}));
}

TEST(HistoryInText, IsEmptyForOtherTexts) {
  EXPECT_TRUE(history_in_text("", Task::kSeqRec).empty());
  EXPECT_TRUE(history_in_text("one \" only", Task::kSeqRec).empty());
  EXPECT_TRUE(history_in_text("Is \"a\" good?", Task::kCtrPre).empty());
  EXPECT_TRUE(history_in_text("User Preference: \"a\"", Task::kCtrPre).empty());
}

}  // namespace
}  // namespace goracs
