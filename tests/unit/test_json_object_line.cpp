#include "data/json_object_line.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <regex>

namespace goracs {
namespace {

using Json = nlohmann::json;
using Kind = LineValue::Kind;

std::string reason_of_json(std::string_view line) {
  JsonObjectLine members(line);
  while (members.next()) continue;
  EXPECT_FALSE(members.next());
  return std::string(members.reason());
}

TEST(JsonObjectLine, GivesTheMembersInOrder) {
  JsonObjectLine members(R"( {"a": "x\ty", "b":-1.5e2 ,"c":[1,{"d":"}"}], "e" : true,"f":null} )");
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.key(), "a");
  EXPECT_TRUE(members.value().escaped);
  EXPECT_EQ(unescaped_json(members.value()), "x\ty");
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.key(), "b");
  EXPECT_EQ(number_of(members.value()), -150.0);
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.value().kind, Kind::kNested);
  EXPECT_EQ(members.value().text, R"([1,{"d":"}"}])");
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.value().kind, Kind::kTrue);
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.value().kind, Kind::kNull);
  EXPECT_FALSE(members.next());
  EXPECT_EQ(members.reason(), "");
}

TEST(JsonObjectLine, FindsEscapedKeys) {
  JsonObjectLine members(R"({"\u0061sin": 1})");
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.key(), "asin");
}

TEST(JsonObjectLine, SaysWhyALineIsBroken) {
  EXPECT_EQ(reason_of_json(""), "not a JSON object");
  EXPECT_EQ(reason_of_json("[1]"), "not a JSON object");
  EXPECT_EQ(reason_of_json(R"({"a": "b)"), "a string does not end");
  EXPECT_EQ(reason_of_json(R"({"a": 1)"), "the object does not end");
  EXPECT_EQ(reason_of_json(R"({"a": 1 "b": 2})"), "a comma is missing");
  EXPECT_EQ(reason_of_json(R"({"a": 1,})"), "a key is missing");
  EXPECT_EQ(reason_of_json(R"({"a" 1})"), "a colon is missing");
  EXPECT_EQ(reason_of_json(R"({"a": 01})"), "not a number");
  EXPECT_EQ(reason_of_json(R"({"a": [1,]})"), "a comma without a value");
  EXPECT_EQ(reason_of_json(R"({"a": [1}})"), "brackets do not match");
  EXPECT_EQ(reason_of_json(R"({"a": "\x"})"), "an unknown escape in a string");
  EXPECT_EQ(reason_of_json("{\"a\": \"\x01\"}"), "a control character in a string");
  EXPECT_EQ(reason_of_json("{\"a\": \"\xff\"}"), "a string is no UTF-8");
  EXPECT_EQ(reason_of_json(R"({"a": 1} x)"), "something follows the object");
  EXPECT_EQ(reason_of_json("{\"a\": " + std::string(600, '[')), "nested too deeply");
}

TEST(JsonObjectLine, UndoesEscapesAndPairsOfSurrogates) {
  const auto text = [](std::string_view raw) { return unescaped_json({Kind::kString, raw, true}); };
  EXPECT_EQ(text(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(text(R"(\u00fc\uD83D\uDE00\u20AC)"), "\u00fc\U0001F600\u20ac");
  EXPECT_EQ(text(R"(\ud83d)"), std::nullopt);
  EXPECT_EQ(text(R"(\ude00)"), std::nullopt);
  EXPECT_EQ(text(R"(\ud83dx)"), std::nullopt);
  EXPECT_EQ(text(R"(\ud83d\u0041)"), std::nullopt);
}

TEST(JsonObjectLine, TakesHalfOfAPairWhereNobodyReadsIt) { EXPECT_EQ(reason_of_json(R"({"reviewText": "\ud83d"})"), ""); }

TEST(JsonObjectLine, NumbersAreFiniteDoubles) {
  EXPECT_EQ(number_of({Kind::kNumber, "5.0", false}), 5.0);
  EXPECT_EQ(number_of({Kind::kNumber, "1e400", false}), std::nullopt);
  EXPECT_EQ(number_of({Kind::kString, "5", false}), std::nullopt);
}

/// A line that mutation has broken, or not: both parsers must say the same, and find the same members.
void compare_with_oracle(const std::string& line) {
  const bool good = reason_of_json(line).empty();
  const Json json = Json::parse(line, nullptr, false);
  ASSERT_EQ(good, json.is_object()) << line;
  if (!good) return;
  Json found = Json::object();
  JsonObjectLine members(line);
  while (members.next()) {
    const LineValue& value = members.value();
    found[std::string(members.key())] = value.kind == Kind::kString ? Json(unescaped_json(value).value()) : Json::parse(value.text);
  }
  EXPECT_EQ(found, json) << line;
}

TEST(JsonObjectLine, AgreesWithAnotherParserOnMutatedReviews) {
  const std::string seeds[] = {
      R"({"overall": 5.0, "verified": true, "reviewerID": "A1", "asin": "B\u00fc1", "style": {"Format:": [" Disc", -1e-2, null]}, "unixReviewTime": 1312070400})",
      R"({"a":[[],{},[{"b":"c\\"}]],"t":"A longer text that fills more than one block of bytes, with \"quotes\" and gr\u00fcn 漢 at its end"})"};
  std::mt19937 random(1);
  const std::string alphabet = "\"\\{}[],:019.eE+-u tfna\x01\xc3\xbc";
  for (int trial = 0; trial < 40'000; ++trial) {
    std::string line = seeds[trial % 2];
    for (unsigned k = random() % 3; k-- > 0;) {
      const std::size_t at = random() % line.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0: line[at] = c; break;
        case 1: line.insert(at, 1, c); break;
        default: line.erase(at, 1);
      }
    }
    // halves of surrogate pairs and numbers beyond double are fine here and errors there
    static const std::regex beyond(R"(\\u[dD]|[eE][+-]?[0-9]{3})");
    if (!std::regex_search(line, beyond)) compare_with_oracle(line);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(JsonObjectLine, FindsWhereATextEndsAtEveryPlace) {
  for (std::size_t length = 0; length < 50; ++length) {
    const std::string text(length, 'x');
    EXPECT_EQ(plain_in_json(text), length);
    for (std::size_t place = 0; place < length; ++place)
      for (const char c : {'"', '\\', '\x1f', '\0', ' ', '\x7f', '\x80'}) {
        std::string other = text;
        other[place] = c;
        const bool plain = c == ' ' || c == '\x7f' || c == '\x80';
        EXPECT_EQ(plain_in_json(other), plain ? length : place) << length << " characters, " << place;
        if (!plain) continue;
        const std::string line = "{\"a\": \"" + other + "\"}";
        JsonObjectLine members(line);
        EXPECT_EQ(members.next(), c != '\x80') << length << " characters, " << place;  // 80 alone is no UTF-8
      }
  }
}

}  // namespace
}  // namespace goracs
