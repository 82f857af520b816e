#include "kernels/cublas.hpp"

namespace goracs::cuda {

cublasHandle_t cublas() {
  // for the life of the process, as the stream is, and for the same reason
  static const cublasHandle_t kHandle = [] {
    cublasHandle_t made = nullptr;
    check(cublasCreate(&made), "cublasCreate");
    return made;
  }();
  check(cublasSetStream(kHandle, stream()), "cublasSetStream");
  // The contracts bound errors by those of float32 sums: TF32 (11 bits of each factor) breaks them. The default mode does not use it either, but
  // the environment may turn that one into an emulation by bfloat16 (CUBLAS_EMULATE_SINGLE_PRECISION); this one leaves no choice.
  check(cublasSetMathMode(kHandle, CUBLAS_PEDANTIC_MATH), "cublasSetMathMode");
  return kHandle;
}

}  // namespace goracs::cuda
