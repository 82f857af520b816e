#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/emulator/schedules.hpp"
#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"

namespace goracs::test {

/// The kernels' tests on the emulator: under every schedule, and no test leaves device memory behind. tests/kernels/gpu has its counterpart.
class DeviceUnderTest : public emulator::EverySchedule {
 public:
  static std::vector<emulator::Schedule> schedules() {
#ifdef GORACS_EMULATOR_THREAD_PER_BLOCK
    return {{emulator::Order::kAscending, 0, 0}};  // what races between blocks, the others have the rest
#endif
    if (few_threads()) return {{emulator::Order::kAscending, 0, 0}, {emulator::Order::kRandom, 1, 0.2}};
    return emulator::schedules();
  }

 protected:
  /// (rows, cols) of matrices: one, one less and one more than a warp, no multiple of a block, wide ones, and once a tall one.
  std::vector<std::pair<std::int64_t, std::int64_t>> shapes() const {
    if (few_threads()) return {{1, 1}, {3, 33}, {2, 300}};
    std::vector<std::pair<std::int64_t, std::int64_t>> shapes{{1, 1}, {1, 1000}, {2, 31}, {31, 33}, {33, 32}, {3, 1000}, {40, 129}};
    if (GetParam().order == emulator::Order::kAscending) shapes.emplace_back(1000, 3);
    return shapes;
  }
  /// TSan takes every CUDA thread for a thread: a hundred times the work, and milliseconds to make one where each block has an OS thread.
  static constexpr bool few_threads() {
#ifdef GORACS_EMULATOR_TSAN
    return true;
#else
    return false;
#endif
  }
  void SetUp() override {
    EverySchedule::SetUp();
    fakes::forget_calls();
    used_before_ = fakes::device_bytes_used();
  }
  void TearDown() override { EXPECT_EQ(fakes::device_bytes_used(), used_before_) << "device memory that nobody has freed"; }

 private:
  std::size_t used_before_ = 0;
};

}  // namespace goracs::test
