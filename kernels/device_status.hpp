#pragma once

#include <cuda_runtime_api.h>

#include "base/error.hpp"

// For sources that call the CUDA runtime: kernels/*.cu and comm/nccl_communicator.cpp, no others.
namespace goracs::cuda {

/// Throws Error(kIo) naming the call and CUDA's own text when `status` is none of success.
inline void check(cudaError_t status, const char* call) {
  if (status != cudaSuccess) fail(ExitCode::kIo, "{}: {} ({})", call, cudaGetErrorString(status), static_cast<int>(status));
}

/// The stream that kernels and copies are queued on: our own, or that of OnStream (device_memory.hpp).
cudaStream_t stream();

}  // namespace goracs::cuda

#define GORACS_CUDA_TRY(call) ::goracs::cuda::check((call), #call)
/// For destructors: what fails there is not reported.
#define GORACS_CUDA_TRY_NO_THROW(call) static_cast<void>(call)
