#include "train/learning_rate.hpp"

#include <algorithm>

namespace goracs {

double LearningRate::at(std::int64_t step) const {
  if (step < warmup_steps) return peak * static_cast<double>(step) / static_cast<double>(warmup_steps);
  const std::int64_t left = std::max<std::int64_t>(total_steps - step, 0), all = std::max<std::int64_t>(total_steps - warmup_steps, 1);
  return peak * static_cast<double>(left) / static_cast<double>(all);
}

}  // namespace goracs
