#pragma once

#include <cstdint>
#include <span>

namespace goracs {

/// Hidden states (samples, tokens, dimension) float32, row-major, and which tokens count (samples, tokens).
struct MaskedStates {
  const float* hidden = nullptr;
  const std::uint8_t* mask = nullptr;
  std::int64_t samples = 0, tokens = 0, dimension = 0;
};

// mean[b, :] = sum of hidden[b, t, :] over the t with mask[b, t] / how many there are,   0 where there is none     embedding of a text, SPEC 3
//   mean  (samples, dimension) float32
// Sums in float32, t ascending, so the bits depend on nothing else. Reads 4 samples tokens dimension bytes once: memory bound.

namespace cpu {
void masked_mean(const MaskedStates& states, std::span<float> mean);
}  // namespace cpu

namespace cuda {
void masked_mean(const MaskedStates& states, std::span<float> mean);
}  // namespace cuda

}  // namespace goracs
