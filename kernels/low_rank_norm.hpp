#pragma once

#include <cstdint>
#include <span>

namespace goracs {

/// Of `samples` samples of `tokens` tokens: u (samples, tokens, out) and z (samples, tokens, rank), float32, row-major. out, rank >= 1.
struct LowRankFactors {
  const float *u = nullptr, *z = nullptr;
  std::int64_t samples = 0, tokens = 0, out = 0, rank = 0;
};

// norm[b] = || sum_t u[b, t, :] z[b, t, :]^T ||_F                                                    gradient of lora_B (SPEC 4)
//   norm  (samples) double; padding tokens have u = 0
// Inner sums in float32, on the CPU t ascending, on the device in the order that cuBLAS likes (they decide no index); squares in double, in a
// fixed order. Whatever the order, and where a multiplication and the addition after it are one operation, an element of the matrix is off by at
// most tokens 2^-24 / (1 - tokens 2^-24) of sum_t |u_t| |z_t|; device and CPU therefore differ by at most 4 (tokens + 1) 2^-24 of
// || sum_t |u_t| |z_t|^T ||_F, for less than 2^22 tokens and 2^28 elements, without underflow.
// 2 samples tokens out rank operations. Device: reads u and z at least once, 4 samples tokens (out + rank) bytes, writes and reads the matrices,
// 4 samples out rank bytes each; bound by memory for rank <= 16.

namespace cpu {
void low_rank_norm(const LowRankFactors& factors, std::span<double> norm);
}  // namespace cpu

namespace cuda {
/// `matrix_bytes`: device memory for the matrices of as many samples as fit; one sample's whatever it takes.
/// Errors: kIo naming the call of cuBLAS or CUDA that failed; out, rank or tokens beyond 2^31 - 1, as cuBLAS has them.
void low_rank_norm(const LowRankFactors& factors, std::span<double> norm, std::int64_t matrix_bytes = std::int64_t{64} << 20);
}  // namespace cuda

}  // namespace goracs
