#pragma once

#include <cstdint>
#include <span>

namespace goracs {

/// Of `samples` samples of `tokens` tokens: u (samples, tokens, out) and z (samples, tokens, rank), float32, row-major.
struct LowRankFactors {
  const float *u = nullptr, *z = nullptr;
  std::int64_t samples = 0, tokens = 0, out = 0, rank = 0;
};

// norm[b] = || sum_t u[b, t, :] z[b, t, :]^T ||_F                                       gradient of lora_B (SPEC 4), without the matrix itself
//   norm  (samples) double; padding tokens have u = 0
// Inner sums in float32, t ascending; squares in double. Device and CPU differ by at most 4 (tokens + 1) 2^-24 of
// || sum_t |u_t| |z_t|^T ||_F: a multiplication and the addition after it may be one operation.
// 2 samples tokens out rank operations; reads u once and z once per 128 columns of u: bound by memory for rank <= 16.

namespace cpu {
void low_rank_norm(const LowRankFactors& factors, std::span<double> norm);
}  // namespace cpu

namespace cuda {
void low_rank_norm(const LowRankFactors& factors, std::span<double> norm);
}  // namespace cuda

}  // namespace goracs
