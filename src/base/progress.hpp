#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace goracs {

/// How far a long loop is: on a terminal a bar, elsewhere a line per max(30 s, 1 %) without carriage return, so that a log of ten hours
/// stays below 1 MB. Shows stage, done / total, rate, time left, a figure of the caller's (loss, objective), memory. Rank 0 speaks.
/// Where 1 % takes longer than ten minutes, a line comes every ten: a heartbeat.
class Progress {
 public:
  /// Seconds of some clock that never goes back; tests bring their own.
  using Clock = std::function<double()>;
  static double steady_seconds();

  /// `done` before this start does not count for the rate; total 0: unknown.
  Progress(std::string stage, std::string unit, std::int64_t total, std::int64_t done = 0, Clock clock = steady_seconds);
  /// Says how long it took, if that was longer than a moment.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `figure`: "loss 1.234", "POO 0.2531". Cheap enough for every step: looks at a clock.
  void at(std::int64_t done, std::string_view figure = "");

  /// Called by `at` once a second on every rank, if any: a communicator tells its peers that this one is at work (still_working).
  static void each_second(std::function<void()> tell);

 private:
  std::string line(double now, std::string_view figure) const;
  bool line_is_due(double now) const;

  std::string stage_, unit_;
  std::int64_t total_, begin_done_, done_, line_done_;
  Clock clock_;
  double begin_, line_at_, bar_at_, told_at_;
  bool with_bar_, has_lines_ = false;
};

}  // namespace goracs
