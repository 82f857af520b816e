#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace goracs::test {

/// Normally distributed, the same for the same seed.
inline std::vector<float> random_values(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

}  // namespace goracs::test
