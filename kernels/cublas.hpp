#pragma once

#include <cublas_v2.h>

#include "kernels/device_status.hpp"

// For the kernels/*.cu that call cuBLAS: products whose order of summation decides nothing.
namespace goracs::cuda {

/// Throws Error(kIo) naming the call and cuBLAS's own text when `status` is none of success.
inline void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) fail(ExitCode::kIo, "{}: {} ({})", call, cublasGetStatusString(status), static_cast<int>(status));
}

/// cuBLAS's handle of this process, made at the first use. What is called with it is queued on stream() as it is now and computes in float32.
cublasHandle_t cublas();

}  // namespace goracs::cuda
