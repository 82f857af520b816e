#pragma once

#include <cstdint>
#include <functional>

#include "comm/communicator.hpp"

namespace goracs {

/// Ranks at steps of their own, not equally many, that agree every few steps on whether to give all of it up.
///   rank 0: step step step step | step step finish      rank 1: step step finish ......
class StepMeeting {
 public:
  /// wants_to: this rank's wish; any rank's is everyone's.
  StepMeeting(Communicator& world, std::function<bool()> wants_to) : world_(world), wants_to_(std::move(wants_to)) {}

  /// At the beginning of each step; true: the ranks gave it up. Collective with the other ranks' gives_up and finish.
  bool gives_up();
  /// Behind the last step, or whatever ended them: waits for the other ranks' last ones.
  void finish();

  /// How it ended, the same on every rank.
  bool given_up() const noexcept { return given_up_; }

 private:
  enum class Standing : std::int8_t { kFinished, kAtWork, kGivesUp };
  bool others_are_at_work(Standing own);

  Communicator& world_;
  std::function<bool()> wants_to_;
  std::int64_t steps_ = 0;
  bool given_up_ = false;
};

}  // namespace goracs
