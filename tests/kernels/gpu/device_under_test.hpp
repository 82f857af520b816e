#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/gpu.hpp"

namespace goracs::test {

/// The kernels' tests on a GPU: asked for without one they fail, they are never passed over. tests/kernels/emulated has the counterpart.
class DeviceUnderTest : public testing::TestWithParam<int> {
 public:
  static std::vector<int> schedules() { return {0}; }  // the GPU has its own

 protected:
  std::vector<std::pair<std::int64_t, std::int64_t>> shapes() const {
    return {{1, 1}, {1, 1000}, {2, 31}, {31, 33}, {33, 32}, {3, 1000}, {40, 129}, {1000, 3}, {3001, 5003}};
  }
  static constexpr bool few_threads() { return false; }
  void SetUp() override {
    const cuda::Gpus gpus = cuda::visible_gpus();
    ASSERT_GT(gpus.count, 0) << gpus.why_none;
    cuda::use(0);
  }
};

}  // namespace goracs::test
