#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/progress.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// Tokens of a batch where a stage's batch_tokens is auto.
inline constexpr std::int64_t kAutoBatchTokens = 4096;

/// What every long loop of every stage does between two steps: shows how far it is, saves every
/// run.checkpoint_seconds, and, when a stop is asked for on any rank, saves and says so. Rank 0's clock decides, so all ranks save alike.
class LongLoop {
 public:
  /// Writes what is needed to go on; called on rank 0.
  using Write = std::function<void(const std::filesystem::path& file)>;

  /// `state`: the name of the saved state; `unit`: what is counted ("samples"). `done` of `total` were done by earlier starts. The
  /// last `keep` states are kept.
  LongLoop(StageContext& context, std::string state, std::string unit, std::int64_t total, std::int64_t done, Write write,
           std::int64_t keep = saved_state::kKept);

  /// After each step, on every rank with the same `done`; true: the state is saved, stop here. A loop at its end is not stopped. Collective.
  bool stops(std::int64_t done, std::string_view figure = {});

  /// How the loop came to its end: the same answer as the last `stops`.
  bool stopped() const noexcept { return stopped_; }

 private:
  void save();

  using Clock = std::chrono::steady_clock;

  StageContext& context_;
  std::string state_, unit_;
  std::int64_t total_;
  Write write_;
  std::int64_t keep_;
  std::optional<Progress> progress_;  ///< none behind the last step
  Clock::time_point saved_ = Clock::now(), stepped_ = saved_;
  double step_seconds_ = 0, save_seconds_ = 0;  ///< the longest so far
  bool stopped_ = false;
};

}  // namespace goracs
