#include "kernels/low_rank_norm.hpp"

#include <algorithm>
#include <limits>

#include "kernels/cublas.hpp"
#include "kernels/device_fold.hpp"
#include "kernels/device_memory.hpp"

namespace goracs::cuda {
namespace {

/// A block for each sample: norm[b] = the root of the squares of its `elements`.
__global__ void __launch_bounds__(128) frobenius_norms(const float* matrix, std::int64_t samples, std::int64_t elements, double* norm) {
  for (std::int64_t b = blockIdx.x; b < samples; b += gridDim.x) {
    double squares = 0;
    for (std::int64_t i = threadIdx.x; i < elements; i += kRowThreads) {
      const double value = matrix[b * elements + i];
      squares += value * value;
    }
    squares = block_fold(squares, Sum{});
    if (threadIdx.x == 0) norm[b] = __dsqrt_rn(squares);
  }
}

constexpr std::int64_t kMostSamples = 65535;  // of one call; cuBLAS may take them for grid.z

int as_int(std::int64_t size) {
  GORACS_CHECK_INPUT(size <= std::numeric_limits<int>::max(), "low_rank_norm: a size of {}, cuBLAS takes at most {}", size,
                     std::numeric_limits<int>::max());
  return static_cast<int>(size);
}

}  // namespace

void low_rank_norm(const LowRankFactors& factors, std::span<double> norm, std::int64_t matrix_bytes) {
  if (factors.samples == 0) return;
  const std::int64_t u_size = factors.tokens * factors.out, z_size = factors.tokens * factors.rank, elements = factors.out * factors.rank;
  const int out = as_int(factors.out), rank = as_int(factors.rank), tokens = as_int(factors.tokens);
  const std::int64_t fitting = matrix_bytes / (elements * static_cast<std::int64_t>(sizeof(float)));
  const std::int64_t at_once = std::clamp<std::int64_t>(fitting, 1, std::min(factors.samples, kMostSamples));
  DeviceArray<float> matrix(at_once * elements);
  const float one = 1, zero = 0;
  for (std::int64_t b = 0; b < factors.samples; b += at_once) {
    const std::int64_t samples = std::min(at_once, factors.samples - b);
    // By columns, as cuBLAS has matrices, u is (out, tokens) and z (rank, tokens): the matrix (out, rank) is u z^T.
    check(cublasSgemmStridedBatched(cublas(), CUBLAS_OP_N, CUBLAS_OP_T, out, rank, tokens, &one, factors.u + b * u_size, out, u_size,
                                    factors.z + b * z_size, rank, z_size, &zero, matrix.data(), out, elements, static_cast<int>(samples)),
          "cublasSgemmStridedBatched");
    launch_by_rows(frobenius_norms, samples, matrix.data(), samples, elements, norm.data() + b);
  }
}

}  // namespace goracs::cuda
