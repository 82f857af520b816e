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
  /// The end of the allocation in seconds since the epoch, less what a save takes. `walltime`: auto (SLURM_JOB_END_TIME, else none), none, or a
  /// time limit counted from the start of the process.
  static void watch_walltime(const std::string& walltime);

  /// Why a stop was asked for ("signal USR2", "file STOP", "time limit"); none while it was not. Cheap: looks at the file once a second.
  static std::optional<std::string> reason();
};

}  // namespace goracs
