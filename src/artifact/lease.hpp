#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace goracs {

/// The right to be the only process, of all jobs that share a file system, that works on one thing.
///
///   thing.lease/               made with its holder in it, by rename: only one can
///     holder-<who>             touched every few seconds; who = machine, process, its start, a number
///
/// A holder that is dead (a process of this machine that is gone) or silent (another machine's file is not touched for kSilentSeconds,
/// by the watcher's clock, whatever the clocks of the machines say) is taken over by renaming holder-<its> to holder-<own>: the name says who was
/// judged, so of all that try only one can. The old holder, should it live after all, finds its file gone.
///
/// Goals: no flock, which network file systems lack or feign; nothing to clean by hand after a kill or a power cut.
/// Non-goals: fairness. Only tried on local file systems: NFS never was, whose caches may delay what a watcher sees (the silence is far longer).
/// Ruled out: O_EXCL files with a time in them (clocks differ; removing a dead one races with the next holder's).
class Lease {
 public:
  static constexpr double kTouchSeconds = 2, kSilentSeconds = 30;

  /// Waits until this process holds it. `waiting(holder)` is called at least twice a second meanwhile; true gives up.
  /// Errors: kIo. Null when `waiting` gave up.
  static std::unique_ptr<Lease> take(const std::filesystem::path& thing, const std::function<bool(const std::string& holder)>& waiting,
                                     double silent_seconds = kSilentSeconds);

  /// Where it lies.
  static std::filesystem::path path_of(const std::filesystem::path& thing) { return thing.string() + ".lease"; }

  /// Removes a lease whose holder is dead and that nobody will ask for any more.
  static void clear_dead(const std::filesystem::path& thing) noexcept;

  /// Gives it back. A thread of its own touches the file while it is held.
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  /// False once somebody has taken it over, because this process was silent for long (stopped, the disk away).
  bool held() const;

 private:
  struct Heart;
  explicit Lease(std::filesystem::path holder);
  std::filesystem::path holder_;
  std::unique_ptr<Heart> heart_;
};

}  // namespace goracs
