#include "base/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "support/captured_error.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

bool matches(const std::string& text, const std::string& pattern) { return std::regex_match(text, std::regex(pattern)); }

class Log : public testing::Test {
 protected:
  void TearDown() override { open_log({}); }
};

TEST_F(Log, WritesTimeLevelAndText) {
  open_log({});
  EXPECT_TRUE(matches(test::captured_error([] { log_info("{} rows", 7); }), R"(\d\d:\d\d:\d\d 7 rows\n)"));
  EXPECT_TRUE(matches(test::captured_error([] { log_warning("no gap"); }), R"(\d\d:\d\d:\d\d warning: no gap\n)"));
  EXPECT_EQ(test::captured_error([] { log_debug("details"); }), "");
}

TEST_F(Log, WritesAsMuchAsIsAskedFor) {
  open_log({.level = LogLevel::kDebug});
  EXPECT_NE(test::captured_error([] { log_debug("details"); }), "");
  open_log({.level = LogLevel::kError});
  EXPECT_EQ(test::captured_error([] { log_warning("no gap"); }), "");
}

TEST_F(Log, WritesOneJsonObjectALine) {
  open_log({.json = true, .rank = 0});
  const std::string text = test::captured_error([] { log_error("a \"quoted\"\nline, and a broken letter \xff"); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line.at("level"), "error");
  EXPECT_EQ(line.at("rank"), 0);
  EXPECT_EQ(line.at("message"), "a \"quoted\"\nline, and a broken letter \xef\xbf\xbd");
  EXPECT_TRUE(matches(line.at("time"), R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d)"));
}

TEST_F(Log, HasColoursOnATerminalAlone) {
  const auto warn = [] {
    open_log({});
    log_warning("no gap");
  };
  EXPECT_EQ(test::captured_error(warn).find('\033'), std::string::npos);
  EXPECT_NE(test::captured_error(warn, true).find("\033[33mwarning\033[0m: no gap"), std::string::npos);
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(test::captured_error(warn, true).find('\033'), std::string::npos);
  ::unsetenv("NO_COLOR");
}

TEST_F(Log, IsRankZerosAloneButForErrors) {
  open_log({.rank = 2});
  EXPECT_EQ(test::captured_error([] { log_warning("mine"); }), "");
  EXPECT_TRUE(matches(test::captured_error([] { log_error("broken"); }), R"(\d\d:\d\d:\d\d rank 2: error: broken\n)"));
}

TEST_F(Log, GoesIntoTheRunsFileToo) {
  const test::TemporaryFolder folder;
  open_log({});
  log_also_to(folder / "log.txt");
  const auto both = [] {
    log_info("seen by all");
    log_to_file(LogLevel::kInfo, "seen in the file");
  };
  EXPECT_EQ(test::captured_error(both).find("in the file"), std::string::npos);
  EXPECT_TRUE(matches(text_of(folder / "log.txt"),
                      R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d seen by all\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d seen in the file\n)"));
}

TEST_F(Log, IsAppendedToAFileOfItsOwnByEveryRankWhenAsked) {
  const test::TemporaryFolder folder;
  open_log({.every_rank = true, .rank = 3});
  static_cast<void>(folder.file("log.txt.rank3", "before\n"));
  log_also_to(folder / "log.txt");
  EXPECT_EQ(test::captured_error([] { log_info("third"); }), "");  // the terminal stays rank 0's
  EXPECT_TRUE(matches(text_of(folder / "log.txt.rank3"), "before\n.* rank 3: third\n"));
  EXPECT_FALSE(std::filesystem::exists(folder / "log.txt"));
}

TEST_F(Log, SaysWhichFileCannotBeOpened) {
  const test::TemporaryFolder folder;
  const std::filesystem::path below_a_file = folder.file("plain", "") / "log.txt";
  open_log({});
  test::expect_error(ExitCode::kIo, {below_a_file.string()}, [&] { log_also_to(below_a_file); });
}

TEST(LogLevel, IsKnownByItsName) {
  EXPECT_EQ(log_level_of("warning"), LogLevel::kWarning);
  EXPECT_EQ(log_level_of("loud"), std::nullopt);
}

}  // namespace
}  // namespace goracs
