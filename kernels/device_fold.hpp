#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/device.hpp"

// Folds over the threads of a block, and the shape of the kernels that give a row of a matrix to each block. For kernels/*.cu.
// `static`: with external linkage the shared array of a template gets no red zones (device.hpp, the rule of unnamed namespaces).
namespace goracs::cuda {

inline constexpr int kRowThreads = 128;  ///< a block of the kernels by rows; their __launch_bounds__ repeat the literal
inline constexpr int kWarpThreads = 32;
inline constexpr unsigned kAllLanes = 0xffffffffU;
inline constexpr int kBlocksPerProcessor = 16;  ///< as many blocks of 128 threads as a multiprocessor holds

struct Sum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Minimum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Maximum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

/// fold of the values of all kRowThreads threads, in a fixed order, for every thread. All threads of the block call it.
template <class T, class Fold>
static __device__ T block_fold(T value, Fold fold) {
  __shared__ T of_warp[kRowThreads / kWarpThreads];
  for (int step = kWarpThreads / 2; step > 0; step /= 2) value = fold(value, __shfl_down_sync(kAllLanes, value, step));
  __syncthreads();  // the results of the last call have been read
  if (threadIdx.x % kWarpThreads == 0) of_warp[threadIdx.x / kWarpThreads] = value;
  __syncthreads();
  value = of_warp[0];
  for (int warp = 1; warp < kRowThreads / kWarpThreads; ++warp) value = fold(value, of_warp[warp]);
  return value;
}

/// Blocks for so many items: one each, as long as the device can hold them at once.
inline dim3 blocks_for(std::int64_t items) {
  int device = 0, processors = 0;
  GORACS_CUDA_TRY(cudaGetDevice(&device));
  GORACS_CUDA_TRY(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device));
  return dim3(static_cast<unsigned>(std::min<std::int64_t>(items, std::int64_t{processors} * kBlocksPerProcessor)));
}

/// A kernel that gives each block one row after the other; nothing is launched for none.
template <class... Parameters, class... Arguments>
void launch_by_rows(void (*kernel)(Parameters...), std::int64_t rows, Arguments&&... arguments) {
  if (rows > 0) launch(kernel, blocks_for(rows), dim3(kRowThreads), 0, stream(), std::forward<Arguments>(arguments)...);
}

}  // namespace goracs::cuda
