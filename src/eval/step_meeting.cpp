#include "eval/step_meeting.hpp"

namespace goracs {
namespace {

constexpr std::int64_t kStepsBetween = 4;  // a meeting lets the faster ranks wait

}  // namespace

bool StepMeeting::gives_up() {
  if (!given_up_ && steps_++ % kStepsBetween == 0) others_are_at_work(wants_to_() ? Standing::kGivesUp : Standing::kAtWork);
  return given_up_;
}

void StepMeeting::finish() {
  while (!given_up_ && others_are_at_work(Standing::kFinished)) {
  }
  steps_ = 0;
}

bool StepMeeting::others_are_at_work(Standing own) {
  const std::int64_t most = world_.all_reduce(static_cast<std::int64_t>(own), ReduceOp::kMax);
  given_up_ = most == static_cast<std::int64_t>(Standing::kGivesUp);
  return most != static_cast<std::int64_t>(Standing::kFinished);
}

}  // namespace goracs
