#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace goracs {

/// How far a long loop is: on a terminal a bar, elsewhere a line per max(30 s, 1 %) without carriage return, so that a log of ten hours
/// stays below 1 MB. Shows stage, done / total, rate, time left, a figure of the caller's (loss, objective), memory. Rank 0 speaks.
class Progress {
 public:
  /// `done` before this start does not count for the rate; total 0: unknown.
  Progress(std::string stage, std::string unit, std::int64_t total, std::int64_t done = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `figure`: "loss 1.234", "POO 0.2531".
  void at(std::int64_t done, std::string_view figure = "");

 private:
  using Clock = std::chrono::steady_clock;
  std::string stage_, unit_;
  std::int64_t total_, begin_done_, shown_done_;
  Clock::time_point begin_, shown_;
  bool bar_shown_ = false;
};

}  // namespace goracs
