#include "base/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace goracs {
namespace {

std::string clock_text(double seconds_since_epoch) {
  const auto time = static_cast<std::time_t>(seconds_since_epoch);
  std::tm local{};
  ::localtime_r(&time, &local);
  return fmt::format("{:02}:{:02}", local.tm_hour, local.tm_min);
}

std::string rate_text(double rate) {
  constexpr double kMinute = 60, kHour = 3600;
  if (rate >= 100) return fmt::format("{:.0f}/s", rate);
  if (rate >= 1) return fmt::format("{:.1f}/s", rate);
  if (rate * kMinute >= 1) return fmt::format("{:.1f}/min", rate * kMinute);
  return fmt::format("{:.1f}/h", rate * kHour);
}

std::string time_left(const ProgressFigures& of) {
  const double needed = static_cast<double>(of.total - of.done) / of.rate;
  if (!of.limit_seconds || needed <= *of.limit_seconds) return duration_text(needed) + " left";
  const double limit = std::max(0.0, *of.limit_seconds);
  return fmt::format("needs {}, limit in {}: will stop at {} and resume", duration_text(needed), duration_text(limit),
                     clock_text(of.now + limit));
}

}  // namespace

std::string duration_text(double seconds) {
  constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400;
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole < kMinute) return fmt::format("{} s", whole);
  if (whole < kHour) return fmt::format("{} min {:02}", whole / kMinute, whole % kMinute);
  if (whole < kDay) return fmt::format("{} h {:02}", whole / kHour, whole % kHour / kMinute);
  return fmt::format("{} d {:02} h", whole / kDay, whole % kDay / kHour);
}

std::string bytes_text(std::int64_t bytes) {
  constexpr double kMega = 1e6, kGiga = 1e9;
  const auto amount = static_cast<double>(bytes);
  return amount >= kGiga ? fmt::format("{:.1f} GB", amount / kGiga) : fmt::format("{:.0f} MB", amount / kMega);
}

std::string progress_line(const ProgressFigures& of) {
  std::string line = of.total > 0 ? fmt::format("{} {}/{} {} ({}%)", of.stage, of.done, of.total, of.unit, 100 * of.done / of.total)
                                  : fmt::format("{} {} {}", of.stage, of.done, of.unit);
  if (of.rate > 0) line += ", " + rate_text(of.rate);
  if (of.rate > 0 && of.done < of.total) line += ", " + time_left(of);
  if (!of.figure.empty()) line += fmt::format(", {}", of.figure);
  if (of.memory_bytes > 0) line += ", " + bytes_text(of.memory_bytes);
  return line;
}

}  // namespace goracs
