#pragma once

// CUDA C++ for kernels/*.cu. One source serves nvcc and the host emulator of the tests, by seven rules:
//   launch only through launch(); dynamic shared memory only through dyn_smem(); kernels in an unnamed namespace; no CUB; no float
//   atomicMin or atomicMax and no reduction through float atomics that decides anything; no cooperative grids, clusters, tensor-core or
//   asynchronous-copy instructions; at most 1024 threads a block, 48 KiB of shared memory, grid.y and grid.z below 65536.
// This header holds the only #ifdefs.
#ifdef GORACS_CUDA_EMULATOR
#include <device_language.hpp>
#else
#include <cuda_runtime.h>
#endif

#include <cstddef>
#include <utility>

#include "kernels/device_status.hpp"

// CMake 3.25 adds no flag for CMAKE_CUDA_STANDARD 20, in silence
static_assert(__cplusplus >= 202002L, "compile with -std=c++20");

namespace goracs::cuda {

/// kernel<<<grid, block, smem_bytes, stream>>>(arguments...), checked.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t smem_bytes, cudaStream_t stream, Arguments&&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = smem_bytes;
  config.stream = stream;
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(std::forward<Arguments>(arguments))...), "cudaLaunchKernelEx");
}

/// The block's dynamic shared memory, 16-byte aligned.
template <class T>
__device__ T* dyn_smem() {
#ifdef GORACS_CUDA_EMULATOR
  return static_cast<T*>(emulator::dynamic_shared_memory());
#else
  extern __shared__ __align__(16) unsigned char goracs_dyn_smem[];
  return reinterpret_cast<T*>(goracs_dyn_smem);
#endif
}

}  // namespace goracs::cuda
