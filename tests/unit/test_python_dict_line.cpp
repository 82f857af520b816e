#include "data/python_dict_line.hpp"

#include <gtest/gtest.h>

namespace goracs {
namespace {

using Kind = LineValue::Kind;

std::string reason_of_dict(std::string_view line) {
  PythonDictLine members(line);
  while (members.next()) continue;
  return std::string(members.reason());
}

TEST(PythonDictLine, GivesTheMembersInOrder) {
  PythonDictLine members(
      R"({'asin': 'B00', "title": "Ann's", 'price': 1.5, 'tags': [['a', "}"], ('b',), {'c': -2}], 'x': None, u'y': u'z',})");
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.key(), "asin");
  EXPECT_EQ(unescaped_python(members.value()), "B00");
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.key(), "title");
  EXPECT_EQ(unescaped_python(members.value()), "Ann's");
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.value().kind, Kind::kNumber);
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.value().kind, Kind::kNested);
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.value().kind, Kind::kNull);
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.key(), "y");
  EXPECT_EQ(unescaped_python(members.value()), "z");
  EXPECT_FALSE(members.next());
  EXPECT_EQ(members.reason(), "");
}

TEST(PythonDictLine, UndoesEscapesAsPythonDoes) {
  const auto text = [](std::string_view raw) { return unescaped_python({Kind::kString, raw, true}); };
  EXPECT_EQ(text(R"(It\'s \"so\"\\)"), "It's \"so\"\\");
  EXPECT_EQ(text(R"(a\tb\nc\x41\xfc\u20ac\U0001F600)"), "a\tb\ncA\u00fc\u20ac\U0001F600");
  EXPECT_EQ(text(R"(\101\0618\7)"), "A18\a");
  EXPECT_EQ(text(R"(\d)"), "\\d");
  EXPECT_EQ(text(R"(\xg1)"), std::nullopt);
  EXPECT_EQ(text(R"(\ud800)"), std::nullopt);
  EXPECT_EQ(text(R"(\U00110000)"), std::nullopt);
  EXPECT_EQ(text(R"(\N{BULLET})"), std::nullopt);
}

TEST(PythonDictLine, SaysWhyALineIsBroken) {
  EXPECT_EQ(reason_of_dict(""), "not a Python dict");
  EXPECT_EQ(reason_of_dict("['a']"), "not a Python dict");
  EXPECT_EQ(reason_of_dict("{'a': 'b"), "a string does not end");
  EXPECT_EQ(reason_of_dict("{'a': 'b\\"), "a string does not end");
  EXPECT_EQ(reason_of_dict("{'a': 1"), "a comma is missing");
  EXPECT_EQ(reason_of_dict("{'a' 1}"), "a colon is missing");
  EXPECT_EQ(reason_of_dict("{a: 1}"), "a key is missing");
  EXPECT_EQ(reason_of_dict("{'a': nan}"), "not a Python value");
  EXPECT_EQ(reason_of_dict("{'a': null}"), "not a Python value");
  EXPECT_EQ(reason_of_dict("{'a': [1 2]}"), "a comma is missing");
  EXPECT_EQ(reason_of_dict("{'a': (1]}"), "a comma is missing");
  EXPECT_EQ(reason_of_dict("{'a': 1} x"), "something follows the dict");
  EXPECT_EQ(reason_of_dict("{'a': '\xff'}"), "a string is no UTF-8");
  EXPECT_EQ(reason_of_dict("{'a': " + std::string(200, '[')), "nested too deeply");
}

TEST(PythonDictLine, TakesAnEmptyDictAndValuesOfEveryKind) {
  EXPECT_EQ(reason_of_dict("{}"), "");
  EXPECT_EQ(reason_of_dict("{'a': True, 'b': False, 'c': (), 'd': {}, 'e': [], 'f': -1.5e-3, 'g': .5, 'h': {'i': {'j': ''}}}"), "");
}

}  // namespace
}  // namespace goracs
