// Random numbers equal CPython's (tests/golden/random).
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "data/cpython_random.hpp"
#include "support/golden.hpp"

namespace goracs {
namespace {

using Json = nlohmann::json;

class GoldenRandom : public testing::Test {
 protected:
  /// All seeds' cases of all files; none is a failure.
  static std::vector<Json> cases() {
    std::vector<Json> all;
    for (const auto& path : test::golden_files("random", ".json")) {
      std::ifstream in(path);
      const Json file = Json::parse(in);
      for (const Json& one : file.at("cases")) all.push_back(one);
    }
    if (all.empty()) throw std::runtime_error("no cases in random");
    return all;
  }
};

TEST_F(GoldenRandom, WordsAndBitsOfAnyWidthFollowTheSeed) {
  for (const Json& one : cases()) {
    const auto seed = one.at("seed").get<std::uint64_t>();
    SCOPED_TRACE(seed);
    CpythonRandom words(seed);
    for (const Json& value : one.at("getrandbits_32")) EXPECT_EQ(words.bits(32), value.get<std::uint32_t>());
    CpythonRandom widths(seed);
    for (const Json& pair : one.at("getrandbits_by_width")) EXPECT_EQ(widths.bits(pair.at(0).get<int>()), pair.at(1).get<std::uint32_t>());
  }
}

TEST_F(GoldenRandom, NumbersBelowABoundAreDrawnByRejection) {
  for (const Json& one : cases())
    for (const Json& bound : one.at("randbelow")) {
      CpythonRandom random(one.at("seed").get<std::uint64_t>());
      for (const Json& value : bound.at("values")) EXPECT_EQ(random.below(bound.at("n").get<std::uint32_t>()), value.get<std::uint32_t>());
    }
}

TEST_F(GoldenRandom, SamplesAndTheStateAfterThemAreThoseOfBothMethods) {
  std::map<std::string, int> methods;
  for (const Json& one : cases())
    for (const Json& sample : one.at("sample")) {
      const auto n = sample.at("n").get<std::uint32_t>(), k = sample.at("k").get<std::uint32_t>();
      SCOPED_TRACE(testing::Message() << "sample(range(" << n << "), " << k << ")");
      CpythonRandom random(one.at("seed").get<std::uint64_t>());
      EXPECT_EQ(random.sample(n, k), sample.at("indices").get<std::vector<std::uint32_t>>());
      EXPECT_EQ(random.bits(32), sample.at("next_getrandbits_32").get<std::uint32_t>());
      ++methods[sample.at("method")];
    }
  EXPECT_GT(methods["pool"], 0);
  EXPECT_GT(methods["set"], 0);
}

}  // namespace
}  // namespace goracs
