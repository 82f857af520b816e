#include "kernels/low_rank_norm.hpp"

#include "kernels/device_fold.hpp"
#include "kernels/device_memory.hpp"

namespace goracs::cuda {
namespace {

constexpr int kRanks = 8;    // columns of z at once: a thread's sums stay in registers
constexpr int kTokens = 32;  // rows of z that a block holds at once

/// Block (x, y): columns 128 x and on of u, one a thread; sample y. part[y, x] = its share of the squared norm.
/// Eight blocks a multiprocessor: 64 registers a thread; left to itself, ptxas took 40 and spilled.
__global__ void __launch_bounds__(128, 8) squares_of_blocks(LowRankFactors factors, std::int64_t first_sample, double* part) {
  __shared__ float z[kTokens][kRanks];
  const std::int64_t b = first_sample + blockIdx.y, o = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  const float* const u_sample = factors.u + b * factors.tokens * factors.out;
  const float* const z_sample = factors.z + b * factors.tokens * factors.rank;
  double squares = 0;
  for (std::int64_t k = 0; k < factors.rank; k += kRanks) {
    float sum[kRanks];
    for (int r = 0; r < kRanks; ++r) sum[r] = 0;
    for (std::int64_t begin = 0; begin < factors.tokens; begin += kTokens) {
      __syncthreads();  // the last tokens have been read
      for (int cell = static_cast<int>(threadIdx.x); cell < kTokens * kRanks; cell += kRowThreads) {
        const std::int64_t t = begin + cell / kRanks, r = k + cell % kRanks;
        z[cell / kRanks][cell % kRanks] = t < factors.tokens && r < factors.rank ? z_sample[t * factors.rank + r] : 0.0F;
      }
      __syncthreads();
      const std::int64_t count = factors.tokens - begin < kTokens ? factors.tokens - begin : kTokens;
      for (std::int64_t t = 0; t < count; ++t) {
        const float value = o < factors.out ? u_sample[(begin + t) * factors.out + o] : 0.0F;
        for (int r = 0; r < kRanks; ++r) sum[r] += value * z[t][r];
      }
    }
    for (int r = 0; r < kRanks; ++r) squares += static_cast<double>(sum[r]) * static_cast<double>(sum[r]);
  }
  squares = block_fold(squares, Sum{});
  if (threadIdx.x == 0) part[b * gridDim.x + blockIdx.x] = squares;
}

__global__ void __launch_bounds__(128) roots(const double* part, std::int64_t samples, std::int64_t parts, double* norm) {
  const std::int64_t b = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  if (b >= samples) return;
  double squares = 0;
  for (std::int64_t p = 0; p < parts; ++p) squares += part[b * parts + p];
  norm[b] = __dsqrt_rn(squares);
}

constexpr std::int64_t kMostSamples = 65535;  // of grid.y

}  // namespace

void low_rank_norm(const LowRankFactors& factors, std::span<double> norm) {
  if (factors.samples == 0) return;
  const std::int64_t parts = (factors.out + kRowThreads - 1) / kRowThreads;
  DeviceArray<double> part(factors.samples * parts);
  for (std::int64_t b = 0; b < factors.samples; b += kMostSamples) {
    const std::int64_t samples = factors.samples - b < kMostSamples ? factors.samples - b : kMostSamples;
    launch(squares_of_blocks, dim3(static_cast<unsigned>(parts), static_cast<unsigned>(samples)), dim3(kRowThreads), 0, stream(), factors,
           b, part.data());
  }
  launch(roots, dim3(static_cast<unsigned>((factors.samples + kRowThreads - 1) / kRowThreads)), dim3(kRowThreads), 0, stream(), part.data(),
         factors.samples, parts, norm.data());
}

}  // namespace goracs::cuda
