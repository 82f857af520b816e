#include "kernels/masked_mean.hpp"

#include <algorithm>

namespace goracs::cpu {

void masked_mean(const MaskedStates& states, std::span<float> mean) {
  const auto* const hidden = states.hidden;
  const auto* const mask = states.mask;
  const std::int64_t samples = states.samples, tokens = states.tokens, dimension = states.dimension;
#pragma omp parallel for schedule(static)
  for (std::int64_t b = 0; b < samples; ++b) {
    float* const sum = mean.data() + b * dimension;
    std::fill_n(sum, dimension, 0.0F);
    std::int64_t count = 0;
    for (std::int64_t t = b * tokens; t < (b + 1) * tokens; ++t) {
      if (mask[t] == 0) continue;
      ++count;
      for (std::int64_t c = 0; c < dimension; ++c) sum[c] += hidden[t * dimension + c];
    }
    for (std::int64_t c = 0; count > 0 && c < dimension; ++c) sum[c] /= static_cast<float>(count);
  }
}

}  // namespace goracs::cpu
