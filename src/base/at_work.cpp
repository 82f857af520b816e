#include "base/at_work.hpp"

#include <chrono>
#include <utility>

namespace goracs {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kTellEvery{1};

std::function<void()>& teller() {
  static std::function<void()> tell;
  return tell;
}

}  // namespace

void at_work() {
  static Clock::time_point told = Clock::now();
  if (!teller()) return;
  const Clock::time_point now = Clock::now();
  if (now - told < kTellEvery) return;
  told = now;
  teller()();
}

void tell_at_work(std::function<void()> tell) { teller() = std::move(tell); }

}  // namespace goracs
