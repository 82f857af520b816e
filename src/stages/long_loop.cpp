#include "stages/long_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/crash_point.hpp"
#include "base/log.hpp"
#include "base/standing.hpp"
#include "base/stop_request.hpp"
#include "comm/agreement.hpp"

namespace goracs {
namespace {

double seconds_between(std::chrono::steady_clock::time_point begin, std::chrono::steady_clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

}  // namespace

LongLoop::LongLoop(StageContext& context, std::string state, std::string unit, std::int64_t total, std::int64_t done, Write write,
                   std::int64_t keep)
    : context_(context),
      state_(std::move(state)),
      unit_(std::move(unit)),
      total_(total),
      write_(std::move(write)),
      keep_(keep),
      progress_(std::in_place, std::string(name_of(context.folder().stage())), unit_, total, done) {
  if (done > 0) log_info("{}: goes on behind {} of {} {}", name_of(context.folder().stage()), done, total, unit_);
}

bool LongLoop::stops(std::int64_t done, std::string_view figure) {
  Communicator& world = context_.world();
  if (progress_) progress_->at(done, figure);
  stand_at(fmt::format("{}, {} {} of {}", name_of(context_.folder().stage()), unit_, done, total_));

  const Clock::time_point now = Clock::now();
  step_seconds_ = std::max(step_seconds_, seconds_between(stepped_, now));
  StopRequest::expect(step_seconds_, save_seconds_);
  const bool save_is_due = world.is_root() && seconds_between(saved_, now) >= context_.config().run.checkpoint_seconds;
  const bool saves = world.all_reduce<std::int64_t>(save_is_due ? 1 : 0, ReduceOp::kMax) == 1;
  const std::optional<std::string> reason = stop_agreed(world);
  stopped_ = reason && done != total_;
  if (stopped_ || (saves && done != total_)) save();
  if (done == total_) progress_.reset();
  if (stopped_) context_.stands_at(fmt::format("{} {} of {}", unit_, done, total_));
  crash_point(std::string(name_of(context_.folder().stage())) + ".step");
  stepped_ = Clock::now();
  return stopped_;
}

void LongLoop::save() {
  const Clock::time_point begin = Clock::now();
  context_.save_state(state_, write_, keep_);
  saved_ = Clock::now();
  save_seconds_ = std::max(save_seconds_, seconds_between(begin, saved_));
}

}  // namespace goracs
