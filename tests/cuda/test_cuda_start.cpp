// A program with all kernels and NVIDIA's real libraries starts where there is no driver, and says so in its own words.
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>
#include <nccl.h>

#include "kernels/gpu.hpp"

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

}  // namespace
}  // namespace goracs
