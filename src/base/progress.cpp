#include "base/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>

#include "base/log.hpp"
#include "base/progress_line.hpp"
#include "base/stop_request.hpp"
#include "base/terminal.hpp"

namespace goracs {
namespace {

constexpr double kLineSeconds = 30, kHeartbeatSeconds = 600, kBarSeconds = 0.2, kTellSeconds = 1;
constexpr double kWorthSayingSeconds = 1;
constexpr std::int64_t kLinesOfTotal = 100;

std::int64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::int64_t size = 0, resident = 0;
  return in >> size >> resident ? resident * ::sysconf(_SC_PAGESIZE) : 0;
}

double time_of_day() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::function<void()>& teller() {
  static std::function<void()> tell;
  return tell;
}

std::string bar_of(std::int64_t done, std::int64_t total) {
  constexpr std::int64_t kWidth = 20;
  const auto full = static_cast<std::size_t>(std::clamp<std::int64_t>(kWidth * done / total, 0, kWidth));
  return "[" + std::string(full, '=') + std::string(kWidth - full, ' ') + "] ";
}

}  // namespace

double Progress::steady_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void Progress::each_second(std::function<void()> tell) { teller() = std::move(tell); }

Progress::Progress(std::string stage, std::string unit, std::int64_t total, std::int64_t done, Clock clock)
    : stage_(std::move(stage)),
      unit_(std::move(unit)),
      total_(total),
      begin_done_(done),
      done_(done),
      line_done_(done),
      clock_(std::move(clock)) {
  with_bar_ = terminal::is_there() && log_reaches_terminal();
  begin_ = line_at_ = bar_at_ = told_at_ = clock_();
}

Progress::~Progress() {
  try {
    if (with_bar_) terminal::erase_bar();
    const double seconds = clock_() - begin_;
    if (has_lines_ || seconds >= kWorthSayingSeconds)
      log_info("{}: {} {} in {}", stage_, done_ - begin_done_, unit_, duration_text(seconds));
  } catch (...) {  // what is said is not worth dying for
    static_cast<void>(0);
  }
}

std::string Progress::line(double now, std::string_view figure) const {
  ProgressFigures of;
  of.stage = stage_, of.unit = unit_, of.figure = figure;
  of.done = done_, of.total = total_;
  if (now > begin_) of.rate = static_cast<double>(done_ - begin_done_) / (now - begin_);
  of.memory_bytes = resident_bytes();
  of.limit_seconds = StopRequest::seconds_left();
  of.now = time_of_day();
  return progress_line(of);
}

bool Progress::line_is_due(double now) const {
  const double silent = now - line_at_;
  const bool far_enough = (done_ - line_done_) * kLinesOfTotal >= total_;
  return (silent >= kLineSeconds && far_enough) || silent >= kHeartbeatSeconds;
}

void Progress::at(std::int64_t done, std::string_view figure) {
  done_ = done;
  const double now = clock_();
  if (teller() && now - told_at_ >= kTellSeconds) {
    told_at_ = now;
    teller()();
  }
  if (with_bar_ && now - bar_at_ >= kBarSeconds) {
    bar_at_ = now;
    terminal::draw_bar((total_ > 0 ? bar_of(done, total_) : "") + line(now, figure));
  }
  if (!line_is_due(now)) return;
  const std::string text = line(now, figure);
  with_bar_ ? log_to_file(LogLevel::kInfo, text) : log_message(LogLevel::kInfo, text);
  line_at_ = now, line_done_ = done, has_lines_ = true;
}

}  // namespace goracs
