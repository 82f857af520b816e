#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace goracs {

/// Whether this process has been asked to stop politely (USERS): by the stop signal, by a file STOP, or by the nearing end of the
/// allocation. One per process; `run` and the stages poll it and agree over ranks (comm/agreement.hpp: stop_agreed).
///
/// The handler sets one sig_atomic_t. SIGTERM and SIGINT keep their default: a peer may be dead, nothing is saved.
class StopRequest {
 public:
  /// signal: "USR1", "USR2" or "none".
  static void listen(const std::string& signal);
  /// A file that asks for a stop once it is there (work_dir/runs/<name>/STOP).
  static void watch_file(const std::filesystem::path& file);
  /// The end of the allocation. `walltime`: auto (SLURM_JOB_END_TIME, else none), none, or a time limit counted from the start of the process.
  /// Errors: kUsage when it is neither.
  static void watch_walltime(const std::string& walltime);
  /// What a loop measured: seconds from one poll to the next and of one save. The stop is asked for that much, and some slack, before the end.
  static void expect(double step_seconds, double save_seconds);

  /// Why a stop was asked for ("signal USR2", "file STOP", "time limit"); none while it was not. Cheap: looks at the file once a second. Once
  /// asked for, a stop stays asked for.
  static std::optional<std::string> reason();
  /// Whether somebody waits for the stop, who asked by a signal or a file: what a step has done so far is given up for it where steps are long. The
  /// time limit asks early enough for the step to end.
  static bool is_urgent();
  /// Seconds until the stop that the time limit will ask for (below 0: it has passed); none without a limit.
  static std::optional<double> seconds_left();

  /// As if nothing had been asked for or watched; for tests.
  static void forget();
};

}  // namespace goracs
