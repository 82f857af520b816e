#pragma once

#include <cstdint>

namespace goracs {

/// Linear warm-up, then linear to zero. Step k = 0, 1, ...: peak k / warmup for k < warmup (the first step moves Adam's moments only), then
/// peak (total - k) / (total - warmup).
struct LearningRate {
  double peak = 0;
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 0;
  double at(std::int64_t step) const;
};

}  // namespace goracs
