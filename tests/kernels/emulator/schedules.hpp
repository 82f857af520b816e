#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <vector>

#include "kernels/emulator/scheduler.hpp"

namespace goracs::emulator {

inline void PrintTo(const Schedule& schedule, std::ostream* to) {
  *to << (schedule.order == Order::kAscending ? "ascending" : schedule.order == Order::kDescending ? "descending" : "random");
  if (schedule.order == Order::kRandom) *to << ", seed " << schedule.seed;
}

/// What every kernel is tested under.
inline std::vector<Schedule> schedules() {
  return {{Order::kAscending, 0, 0}, {Order::kDescending, 0, 0}, {Order::kRandom, 1, 0.2}, {Order::kRandom, 2, 0.2}};
}

/// A test that runs under each of them.
class EverySchedule : public testing::TestWithParam<Schedule> {
 protected:
  void SetUp() override { follow(GetParam()); }
};

}  // namespace goracs::emulator
