#include "base/stop_request.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/error.hpp"
#include "base/time_limit.hpp"

namespace goracs {
namespace {

volatile std::sig_atomic_t signalled = 0;

extern "C" void goracs_note_stop_signal(int) { signalled = 1; }

using WallClock = std::chrono::system_clock;  // the allocation's end is a time of day
double now() { return std::chrono::duration<double>(WallClock::now().time_since_epoch()).count(); }
const double kProcessStart = now();

/// Kept back of the time limit for what was not measured: a share of it, so that short limits leave time for work.
constexpr double kSlackShare = 0.05, kMostSlack = 60;
constexpr double kFileLookSeconds = 1;
constexpr const char* kTimeLimit = "time limit";

struct Watched {
  std::string signal, reason;
  std::filesystem::path file;
  double file_looked_at = 0;
  std::optional<double> end;  ///< seconds since the epoch
  double slack = 0, step_seconds = 0, save_seconds = 0;
};
Watched& watched() {
  static Watched all;
  return all;
}

int number_of(const std::string& signal) { return signal == "USR1" ? SIGUSR1 : SIGUSR2; }

bool file_is_there(Watched& all) {
  if (all.file.empty() || now() - all.file_looked_at < kFileLookSeconds) return false;
  all.file_looked_at = now();
  std::error_code ignored;
  return std::filesystem::exists(all.file, ignored);
}

}  // namespace

void StopRequest::listen(const std::string& signal) {
  watched().signal = signal;
  if (signal == "none") return;
  struct sigaction action{};
  action.sa_handler = goracs_note_stop_signal;
  action.sa_flags = SA_RESTART;  // reads and writes in progress go on
  GORACS_CHECK_IO(::sigaction(number_of(signal), &action, nullptr) == 0, "cannot listen to signal {}: {}", signal, std::strerror(errno));
}

void StopRequest::watch_file(const std::filesystem::path& file) {
  watched().file = file;
  watched().file_looked_at = 0;
}

void StopRequest::watch_walltime(const std::string& walltime) {
  Watched& all = watched();
  all.end.reset();
  if (walltime == "none") return;
  if (walltime == "auto") {
    const char* text = std::getenv("SLURM_JOB_END_TIME");
    std::int64_t end = 0;
    if (text == nullptr || std::from_chars(text, text + std::strlen(text), end).ec != std::errc{} || end <= 0) return;
    all.end = static_cast<double>(end);
  } else {
    const auto limit = time_limit_seconds(walltime);
    GORACS_CHECK_USAGE(limit, "run.walltime: '{}' is no time limit", walltime);
    all.end = kProcessStart + *limit;
  }
  all.slack = std::clamp(kSlackShare * (*all.end - kProcessStart), 0.0, kMostSlack);
}

void StopRequest::expect(double step_seconds, double save_seconds) {
  watched().step_seconds = step_seconds;
  watched().save_seconds = save_seconds;
}

std::optional<double> StopRequest::seconds_left() {
  const Watched& all = watched();
  if (!all.end) return std::nullopt;
  return *all.end - all.slack - all.step_seconds - all.save_seconds - now();
}

std::optional<std::string> StopRequest::reason() {
  Watched& all = watched();
  if (all.reason.empty()) {
    if (signalled != 0)
      all.reason = "signal " + all.signal;
    else if (file_is_there(all))
      all.reason = "file " + all.file.filename().string();
    else if (const auto left = seconds_left(); left && *left <= 0)
      all.reason = kTimeLimit;
  }
  return all.reason.empty() ? std::nullopt : std::optional(all.reason);
}

bool StopRequest::is_urgent() {
  const auto why = reason();
  return why && *why != kTimeLimit;
}

void StopRequest::forget() {
  signalled = 0;
  watched() = {};
}

}  // namespace goracs
