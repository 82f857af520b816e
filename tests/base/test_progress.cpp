#include "base/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "base/log.hpp"
#include "base/progress_line.hpp"
#include "base/stop_request.hpp"
#include "support/captured_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

constexpr std::int64_t kEvents = 1'000'000, kMegabyte = 1'000'000;
constexpr double kTenHours = 36000;

/// A loop of a million steps in ten hours of a clock that stands still between them.
std::string ten_hours(std::int64_t total, double hours = 1) {
  double now = 0;
  return test::captured_error([&] {
    Progress progress("finetune", "steps", total, 0, [&] { return now; });
    for (std::int64_t event = 1; event <= kEvents; ++event) {
      now = hours * kTenHours * static_cast<double>(event) / kEvents;
      progress.at(event, "loss 1.2345");
    }
  });
}

std::int64_t lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(Progress, WritesLessThanAMegabyteInTenHoursAndNoCarriageReturn) {
  for (const std::int64_t total : {kEvents, std::int64_t{0}}) {
    const std::string text = ten_hours(total);
    std::printf("R17: %lld events, total %s: %zu bytes, %lld lines, %lld carriage returns\n", static_cast<long long>(kEvents),
                total > 0 ? "known" : "unknown", text.size(), static_cast<long long>(lines_of(text)),
                static_cast<long long>(std::count(text.begin(), text.end(), '\r')));
    EXPECT_LT(static_cast<std::int64_t>(text.size()), kMegabyte);
    EXPECT_EQ(text.find('\r'), std::string::npos);
    EXPECT_EQ(text.find('\033'), std::string::npos);
  }
}

TEST(Progress, WritesOneLinePerPercentWhereThatIsLongerThanHalfAMinute) {
  EXPECT_EQ(lines_of(ten_hours(kEvents)), 100 + 1);  // the last one says how long it took
}

TEST(Progress, WritesOneLinePerHalfMinuteWherePercentsAreShorter) {
  constexpr double kTenMinutes = 1.0 / 60;
  EXPECT_EQ(lines_of(ten_hours(kEvents, kTenMinutes)), 20 + 1);
}

TEST(Progress, WritesEveryTenMinutesWherePercentsAreLonger) {
  constexpr double kAHundredTimes = 100;
  EXPECT_NEAR(static_cast<double>(lines_of(ten_hours(kEvents, kAHundredTimes))), kAHundredTimes * 60, kAHundredTimes);
}

TEST(Progress, SaysNothingOfShortLoops) {
  EXPECT_EQ(test::captured_error([] {
              Progress progress("select", "rows", kEvents);
              for (std::int64_t row = 0; row < 1000; ++row) progress.at(row);
            }),
            "");
}

TEST(Progress, DrawsABarOnATerminalOverTheOneBeforeAndTakesItAway) {
  double now = 0;
  const test::TemporaryFolder folder;
  log_also_to(folder / "log.txt");
  const std::string text = test::captured_error(
      [&] {
        Progress progress("embed", "batches", 4, 0, [&] { return now; });
        now = 40;
        progress.at(1);
        log_info("between");
        now = 80;
        progress.at(3);
      },
      true);
  EXPECT_NE(text.find("\r\033[K[=====               ] embed 1/4 batches (25%)"), std::string::npos) << text;
  EXPECT_NE(text.find("\r\033[K[===============     ] embed 3/4 batches (75%)"), std::string::npos) << text;
  const std::size_t between = text.find(" between");
  ASSERT_NE(between, std::string::npos);
  EXPECT_EQ(text.substr(between - std::string("\r\033[K00:00:00").size(), 4), "\r\033[K") << text;  // a line of its own
  std::ostringstream log;
  log << std::ifstream(folder / "log.txt").rdbuf();
  EXPECT_EQ(lines_of(log.str()), 4);  // two of progress, the one between, the last
  EXPECT_EQ(log.str().find('\r'), std::string::npos);
}

TEST(Progress, TellsPeersOnceASecond) {
  int told = 0;
  double now = 0;
  Progress::each_second([&] { ++told; });
  {
    Progress progress("embed", "batches", 100, 0, [&] { return now; });
    for (int batch = 0; batch < 100; ++batch) {
      now += 0.25;
      progress.at(batch);
    }
  }
  Progress::each_second({});
  EXPECT_EQ(told, 25);
}

TEST(ProgressLine, SaysWhereItIsAndHowLongItTakes) {
  ProgressFigures of;
  of.stage = "embed", of.unit = "batches", of.figure = "loss 1.234";
  of.done = 1000, of.total = 4000, of.rate = 12.5, of.memory_bytes = 2'100'000'000;
  EXPECT_EQ(progress_line(of), "embed 1000/4000 batches (25%), 12.5/s, 4 min 00 left, loss 1.234, 2.1 GB");
  of.total = 0, of.figure = "";
  EXPECT_EQ(progress_line(of), "embed 1000 batches, 12.5/s, 2.1 GB");
}

TEST(ProgressLine, SaysWhenTheTimeLimitComesFirst) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  ProgressFigures of;
  of.stage = "finetune", of.unit = "steps";
  of.done = 100, of.total = 200, of.rate = 100.0 / 11400;  // 11400 s for 100 steps: 3 h 10
  of.limit_seconds = 7500;                                 // 2 h 05
  of.now = 11 * 3600 + 57 * 60;                            // 11:57
  EXPECT_EQ(progress_line(of), "finetune 100/200 steps (50%), 31.6/h, needs 3 h 10, limit in 2 h 05: will stop at 14:02 and resume");
  of.limit_seconds = 11400;
  EXPECT_EQ(progress_line(of), "finetune 100/200 steps (50%), 31.6/h, 3 h 10 left");
}

TEST(ProgressLine, WritesDurationsAndBytesShortly) {
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.6), "1 min 00");
  EXPECT_EQ(duration_text(3599), "59 min 59");
  EXPECT_EQ(duration_text(86399), "23 h 59");
  EXPECT_EQ(duration_text(93600), "1 d 02 h");
  EXPECT_EQ(bytes_text(312'400'000), "312 MB");
  EXPECT_EQ(bytes_text(0), "0 MB");
}

}  // namespace
}  // namespace goracs
