// cuBLAS on the host: the few calls that kernels/*.cu make, by plain loops when somebody waits for the stream. Sums run from the last
// product to the first, since the documentation promises no order. Ruled out: factors in device memory (the handles' default is the host's).
#include <cublas_v2.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include "kernels/emulator/device_queue.hpp"
#include "kernels/emulator/scheduler.hpp"
#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"

// NOLINTBEGIN(readability-identifier-naming): cuBLAS's names
struct cublasContext {
  cudaStream_t stream = nullptr;
  cublasMath_t mode = CUBLAS_DEFAULT_MATH;
};
// NOLINTEND(readability-identifier-naming)

namespace {

using goracs::emulator::Violation;

/// begin_call as a status of cuBLAS's, for a call that takes a handle.
cublasStatus_t begin(cublasHandle_t handle, const char* call) {
  const auto status = static_cast<cublasStatus_t>(goracs::fakes::begin_call(call));
  return status == CUBLAS_STATUS_SUCCESS && handle == nullptr ? CUBLAS_STATUS_NOT_INITIALIZED : status;
}

/// A batch of matrices stored by columns, matrix b `stride` after matrix b - 1, column j `lead` after column j - 1.
template <class T>
struct Matrices {
  T* data;
  std::int64_t rows, cols, lead, stride;

  bool fits() const { return lead >= std::max<std::int64_t>(1, rows); }
  T& at(std::int64_t b, std::int64_t i, std::int64_t j) const { return data[b * stride + j * lead + i]; }
  void check_device(std::int64_t batch) const {
    if (rows == 0 || cols == 0) return;
    for (std::int64_t b = 0; b < batch; ++b)
      if (!goracs::fakes::is_device(&at(b, 0, 0), static_cast<std::size_t>((cols - 1) * lead + rows) * sizeof(float)))
        throw Violation("cublasSgemmStridedBatched: a matrix is not within one allocation of the device");
  }
  /// No element of matrix 0 is one of matrix b, whichever b of the batch.
  void check_apart(std::int64_t batch) const {
    if (rows == 0 || cols == 0) return;
    for (std::int64_t b = 1; b < batch; ++b) {
      const std::int64_t column = std::abs(b * stride) / lead, row = std::abs(b * stride) % lead;
      if ((column < cols && row < rows) || (column + 1 < cols && lead - row < rows))
        throw Violation("cublasSgemmStridedBatched: matrices of the result overlap");
    }
  }
};

/// What a tensor core keeps of a float32 factor: 10 bits after the point.
float to_tf32(float value) {
  constexpr std::uint32_t kDropped = 0x1fff, kHalf = 0x1000;
  return std::isfinite(value) ? std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + kHalf) & ~kDropped) : value;
}

bool is_operation(cublasOperation_t operation) { return operation == CUBLAS_OP_N || operation == CUBLAS_OP_T || operation == CUBLAS_OP_C; }

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): cuBLAS's names
extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  if (const int status = goracs::fakes::begin_call("cublasCreate"); status != 0) return static_cast<cublasStatus_t>(status);
  if (handle == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *handle = new cublasContext;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  if (const cublasStatus_t status = begin(handle, "cublasDestroy"); status != CUBLAS_STATUS_SUCCESS) return status;
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  if (const cublasStatus_t status = begin(handle, "cublasSetStream"); status != CUBLAS_STATUS_SUCCESS) return status;
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetStream_v2(cublasHandle_t handle, cudaStream_t* stream) {
  if (const cublasStatus_t status = begin(handle, "cublasGetStream"); status != CUBLAS_STATUS_SUCCESS) return status;
  *stream = handle->stream;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  if (const cublasStatus_t status = begin(handle, "cublasSetMathMode"); status != CUBLAS_STATUS_SUCCESS) return status;
  handle->mode = mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetMathMode(cublasHandle_t handle, cublasMath_t* mode) {
  if (const cublasStatus_t status = begin(handle, "cublasGetMathMode"); status != CUBLAS_STATUS_SUCCESS) return status;
  *mode = handle->mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t operation_a, cublasOperation_t operation_b, int m, int n,
                                         int k, const float* alpha, const float* a_data, int a_lead, long long a_stride,
                                         const float* b_data, int b_lead, long long b_stride, const float* beta, float* c_data, int c_lead,
                                         long long c_stride, int batch) {
  if (const cublasStatus_t status = begin(handle, "cublasSgemmStridedBatched"); status != CUBLAS_STATUS_SUCCESS) return status;
  if (m < 0 || n < 0 || k < 0 || batch < 0 || !is_operation(operation_a) || !is_operation(operation_b)) return CUBLAS_STATUS_INVALID_VALUE;
  const bool a_as_is = operation_a == CUBLAS_OP_N, b_as_is = operation_b == CUBLAS_OP_N;
  const Matrices<const float> a{a_data, a_as_is ? m : k, a_as_is ? k : m, a_lead, a_stride};
  const Matrices<const float> b{b_data, b_as_is ? k : n, b_as_is ? n : k, b_lead, b_stride};
  const Matrices<float> c{c_data, m, n, c_lead, c_stride};
  if (!a.fits() || !b.fits() || !c.fits() || alpha == nullptr || beta == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  a.check_device(batch);
  b.check_device(batch);
  c.check_device(batch);
  c.check_apart(batch);
  const bool rounds = (handle->mode & ~CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION) == CUBLAS_TF32_TENSOR_OP_MATH;
  const auto product = [=](std::int64_t sample, std::int64_t i, std::int64_t j, std::int64_t l) {
    const float left = a_as_is ? a.at(sample, i, l) : a.at(sample, l, i), right = b_as_is ? b.at(sample, l, j) : b.at(sample, j, l);
    return rounds ? to_tf32(left) * to_tf32(right) : left * right;
  };
  const cudaError_t queued =
      goracs::emulator::enqueue(handle->stream, "cublas work", [=, factor = *alpha, kept = *beta, inner = std::int64_t{k}] {
        for (std::int64_t sample = 0; sample < batch; ++sample)
          for (std::int64_t j = 0; j < c.cols; ++j)
            for (std::int64_t i = 0; i < c.rows; ++i) {
              float sum = 0;
              for (std::int64_t l = inner - 1; l >= 0; --l) sum += product(sample, i, j, l);
              float& element = c.at(sample, i, j);
              element = kept == 0 ? factor * sum : factor * sum + kept * element;  // with 0 it may be NaN before
            }
      });
  return queued == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "the library was not initialized";
    case CUBLAS_STATUS_ALLOC_FAILED: return "the resource allocation failed";
    case CUBLAS_STATUS_INVALID_VALUE: return "an invalid value was given";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "the function failed to launch on the GPU";
    default: return "another error";
  }
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
