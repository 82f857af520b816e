// A program with all kernels and NVIDIA's real libraries starts where there is no driver, and says so in its own words.
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>
#include <nccl.h>

#include "kernels/cublas.hpp"
#include "kernels/gpu.hpp"
#include "support/expect_error.hpp"

namespace goracs {
namespace {

TEST(CudaStart, NeedsNoGpuToAskForOne) {
  const cuda::Gpus gpus = cuda::visible_gpus();
  EXPECT_EQ(gpus.count == 0, !gpus.why_none.empty());
}

TEST(CudaStart, LinksTheNcclOfItsHeader) {
  int version = 0;
  ASSERT_EQ(ncclGetVersion(&version), ncclSuccess);
  EXPECT_EQ(version, NCCL_VERSION_CODE);
}

TEST(CudaStart, LinksTheCudartOfItsMajorVersion) {
  int version = 0;
  ASSERT_EQ(cudaRuntimeGetVersion(&version), cudaSuccess);
  EXPECT_EQ(version / 1000, CUDART_VERSION / 1000);
}

TEST(CudaStart, LinksCublas) {
  int major = 0;
  ASSERT_EQ(cublasGetProperty(MAJOR_VERSION, &major), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(major, CUBLAS_VER_MAJOR);
}

TEST(CudaStart, NamesTheCallOfCublasThatNeedsAGpu) {
  if (cuda::visible_gpus().count > 0) {
    EXPECT_NO_THROW(cuda::cublas());
  } else {
    test::expect_error(ExitCode::kIo, {"cublasCreate: ", "(1)"}, [] { cuda::cublas(); });  // CUBLAS_STATUS_NOT_INITIALIZED
  }
}

}  // namespace
}  // namespace goracs
