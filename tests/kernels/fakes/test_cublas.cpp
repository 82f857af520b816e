// The fake of cuBLAS does what cuBLAS's documentation says; the kernels' handle, and errors of its calls.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cublas.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/emulator/scheduler.hpp"
#include "kernels/fakes/fake_calls.hpp"
#include "kernels/low_rank_norm.hpp"
#include "support/expect_error.hpp"

namespace goracs {
namespace {

using cuda::DeviceArray;
using testing::Each;
using testing::ElementsAre;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// One call of cublasSgemmStridedBatched, in its order.
struct Product {
  cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N;
  int m = 2, n = 2, k = 2;
  float alpha = 1;
  int a_lead = 2;
  long long a_stride = 4;
  int b_lead = 2;
  long long b_stride = 4;
  float beta = 0;
  int c_lead = 2;
  long long c_stride = 4;
  int batch = 1;
};

/// Small integers: their sums of products are exact in any order.
std::vector<float> integers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> below(-4, 4);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(below(random));
  return values;
}

class FakeCublas : public testing::Test {
 protected:
  void SetUp() override {
    fakes::forget_calls();
    ASSERT_EQ(cublasCreate(&handle_), CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(cublasSetStream(handle_, cuda::stream()), CUBLAS_STATUS_SUCCESS);
  }
  void TearDown() override { EXPECT_EQ(cublasDestroy(handle_), CUBLAS_STATUS_SUCCESS); }

  cublasStatus_t call(const Product& p, const float* a, const float* b, float* c) {
    return cublasSgemmStridedBatched(handle_, p.a, p.b, p.m, p.n, p.k, &p.alpha, a, p.a_lead, p.a_stride, b, p.b_lead, p.b_stride, &p.beta,
                                     c, p.c_lead, p.c_stride, p.batch);
  }
  /// C after the product of device copies.
  std::vector<float> multiply(const Product& p, const std::vector<float>& a, const std::vector<float>& b, const std::vector<float>& c) {
    const DeviceArray<float> da{std::span<const float>(a)}, db{std::span<const float>(b)};
    DeviceArray<float> dc{std::span<const float>(c)};
    EXPECT_EQ(call(p, da.data(), db.data(), dc.data()), CUBLAS_STATUS_SUCCESS);
    return dc.to_host();
  }
  cublasStatus_t status_of(const Product& p) {
    const DeviceArray<float> a(64), b(64);
    DeviceArray<float> c(64);
    return call(p, a.data(), b.data(), c.data());
  }

  cublasHandle_t handle_ = nullptr;
};

TEST_F(FakeCublas, MultipliesEveryTransposeWithinItsLeads) {
  const int m = 3, n = 4, k = 5, batch = 3;
  for (const cublasOperation_t op_a : {CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C})
    for (const cublasOperation_t op_b : {CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C}) {
      const Product p{op_a, op_b, m, n, k, 2, 7, 60, 8, 55, -3, 6, 27, batch};
      const std::vector<float> a = integers(200, 1), b = integers(200, 2), c = integers(100, 3);
      std::vector<float> expected = c;
      for (int s = 0; s < batch; ++s)
        for (int row = 0; row < m; ++row)
          for (int col = 0; col < n; ++col) {
            float dot = 0;
            for (int l = 0; l < k; ++l) {
              const int in_a = 60 * s + (op_a == CUBLAS_OP_N ? row + 7 * l : l + 7 * row);
              const int in_b = 55 * s + (op_b == CUBLAS_OP_N ? l + 8 * col : col + 8 * l);
              dot += a[static_cast<std::size_t>(in_a)] * b[static_cast<std::size_t>(in_b)];
            }
            const int in_c = 27 * s + row + 6 * col;
            expected[static_cast<std::size_t>(in_c)] = 2 * dot - 3 * c[static_cast<std::size_t>(in_c)];
          }
      EXPECT_EQ(multiply(p, a, b, c), expected) << op_a << op_b;  // what lies between columns and matrices as well
    }
}

TEST_F(FakeCublas, SharesAMatrixOfStrideZero) {
  // one A for two B: (1 3; 2 4) with (1, 0)^T and (0, 1)^T
  const Product p{.n = 1, .a_stride = 0, .b_stride = 2, .c_stride = 2, .batch = 2};
  EXPECT_THAT(multiply(p, {1, 2, 3, 4}, {1, 0, 0, 1}, {0, 0, 0, 0}), ElementsAre(1, 2, 3, 4));
}

TEST_F(FakeCublas, WithBetaZeroDoesNotReadC) {
  EXPECT_THAT(multiply({}, {1, 0, 0, 1}, {5, 6, 7, 8}, {kNaN, kNaN, kNaN, kNaN}), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(multiply({.beta = 1}, {1, 0, 0, 1}, {5, 6, 7, 8}, {kNaN, kNaN, kNaN, kNaN}), Each(testing::IsNan()));
}

TEST_F(FakeCublas, OfNothingScalesOrLeavesC) {
  EXPECT_THAT(multiply({.k = 0, .beta = 2}, {9}, {9}, {1, 2, 3, 4}), ElementsAre(2, 4, 6, 8));
  EXPECT_THAT(multiply({.k = 0}, {9}, {9}, {1, 2, 3, 4}), Each(0));
  EXPECT_THAT(multiply({.batch = 0}, {9}, {9}, {1, 2, 3, 4}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(multiply({.m = 0}, {9}, {9, 9, 9, 9}, {1, 2, 3, 4}), ElementsAre(1, 2, 3, 4));
}

TEST_F(FakeCublas, RefusesWhatTheDocumentationForbids) {
  EXPECT_EQ(status_of({}), CUBLAS_STATUS_SUCCESS);
  for (const Product& wrong : {Product{.m = -1}, Product{.n = -1}, Product{.k = -1}, Product{.batch = -1}, Product{.a_lead = 1},
                               Product{.b_lead = 1}, Product{.c_lead = 1}, Product{.m = 0, .a_lead = 0}, Product{.a = CUBLAS_OP_CONJG},
                               Product{.a = CUBLAS_OP_T, .k = 3}, Product{.b = CUBLAS_OP_T, .n = 3}})
    EXPECT_EQ(status_of(wrong), CUBLAS_STATUS_INVALID_VALUE);
  const float one = 1;
  EXPECT_EQ(
      cublasSgemmStridedBatched(handle_, CUBLAS_OP_N, CUBLAS_OP_N, 0, 0, 0, nullptr, nullptr, 1, 0, nullptr, 1, 0, &one, nullptr, 1, 0, 0),
      CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(cublasSetStream(nullptr, cuda::stream()), CUBLAS_STATUS_NOT_INITIALIZED);
}

TEST_F(FakeCublas, ReportsHostMemoryShortMemoryAndResultsThatOverlap) {
  const std::vector<float> host(64);
  const DeviceArray<float> a(64), b(64);
  DeviceArray<float> c(64), small(7);
  EXPECT_THROW(call({}, host.data(), b.data(), c.data()), emulator::Violation);
  EXPECT_THROW(call({.batch = 2}, a.data(), b.data(), small.data()), emulator::Violation);
  EXPECT_THROW(call({.c_stride = 3, .batch = 2}, a.data(), b.data(), c.data()), emulator::Violation);
  EXPECT_THROW(call({.c_stride = 0, .batch = 2}, a.data(), b.data(), c.data()), emulator::Violation);
  // columns of two results in turn do not overlap
  EXPECT_EQ(call({.c_lead = 4, .c_stride = 2, .batch = 2}, a.data(), b.data(), c.data()), CUBLAS_STATUS_SUCCESS);
}

TEST_F(FakeCublas, WorksInTheOrderOfItsStream) {
  cudaStream_t other = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cublasSetStream(handle_, other), CUBLAS_STATUS_SUCCESS);
  const std::vector<float> unit{1, 0, 0, 1}, before{1, 2, 3, 4};
  const DeviceArray<float> a{std::span<const float>(unit)}, b{std::span<const float>(unit)};
  DeviceArray<float> c{std::span<const float>(before)};
  ASSERT_EQ(call({}, a.data(), b.data(), c.data()), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(c.to_host(), before);  // nobody has waited for that stream
  ASSERT_EQ(cudaStreamSynchronize(other), cudaSuccess);
  EXPECT_EQ(c.to_host(), unit);
  ASSERT_EQ(cudaStreamDestroy(other), cudaSuccess);
}

TEST_F(FakeCublas, RoundsFactorsWhereTf32IsAllowed) {
  const float near_one = 1 + 0x1p-12F;
  const Product p{.m = 1, .n = 1, .k = 1, .a_lead = 1, .b_lead = 1, .c_lead = 1};
  EXPECT_THAT(multiply(p, {near_one}, {2}, {0}), ElementsAre(2 * near_one));
  ASSERT_EQ(cublasSetMathMode(handle_, CUBLAS_TF32_TENSOR_OP_MATH), CUBLAS_STATUS_SUCCESS);
  EXPECT_THAT(multiply(p, {near_one}, {2}, {0}), ElementsAre(2));
}

TEST_F(FakeCublas, FailsTheCallThatATestAskedFor) {
  fakes::fail_call("cublasSgemmStridedBatched", 2, CUBLAS_STATUS_EXECUTION_FAILED);
  EXPECT_EQ(status_of({}), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(status_of({}), CUBLAS_STATUS_EXECUTION_FAILED);
  EXPECT_EQ(status_of({}), CUBLAS_STATUS_SUCCESS);
}

TEST(CublasHandle, IsOneOnTheKernelsStreamInFloat32) {
  const cublasHandle_t handle = cuda::cublas();
  EXPECT_EQ(cuda::cublas(), handle);
  cudaStream_t stream = nullptr;
  cublasMath_t mode = CUBLAS_DEFAULT_MATH;
  ASSERT_EQ(cublasGetStream(handle, &stream), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasGetMathMode(handle, &mode), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(stream, cuda::stream());
  EXPECT_EQ(mode, CUBLAS_PEDANTIC_MATH);
}

TEST(CublasHandle, FollowsTheKernelsToAnotherStream) {
  cudaStream_t other = nullptr, bound = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
  {
    const cuda::OnStream scope(other);
    ASSERT_EQ(cublasGetStream(cuda::cublas(), &bound), CUBLAS_STATUS_SUCCESS);
    EXPECT_EQ(bound, other);
  }
  ASSERT_EQ(cublasGetStream(cuda::cublas(), &bound), CUBLAS_STATUS_SUCCESS);
  EXPECT_NE(bound, other);
  ASSERT_EQ(cudaStreamDestroy(other), cudaSuccess);
}

/// Norms of three samples, two tokens, 2 x 1, at most two samples at once: two calls of cuBLAS.
std::vector<double> norms() {
  const DeviceArray<float> u{std::span<const float>(std::vector<float>{1, 2, 0, 1, 3, 0, 0, 0, 0, 4, 3, 0})};
  const DeviceArray<float> z{std::span<const float>(std::vector<float>{1, 2, 1, 5, 1, 1})};
  DeviceArray<double> norm(3);
  constexpr std::int64_t kTwoMatrices = 2 * 2 * sizeof(float);
  cuda::low_rank_norm({u.data(), z.data(), 3, 2, 2, 1}, norm.span(), kTwoMatrices);
  return norm.to_host();
}

TEST(CublasErrors, EndInAnErrorThatNamesTheCall) {
  const auto& calls = fakes::calls();
  norms();
  fakes::forget_calls();
  EXPECT_THAT(norms(), ElementsAre(std::sqrt(17.0), 3, 5));
  EXPECT_EQ(std::ranges::count(calls, "cublasSgemmStridedBatched"), 2);
  for (const char* const call : {"cublasSetStream", "cublasSetMathMode", "cublasSgemmStridedBatched"})
    for (const int nth : {1, 2}) {
      fakes::fail_call(call, nth, CUBLAS_STATUS_EXECUTION_FAILED);
      test::expect_error(ExitCode::kIo, {call, "the function failed to launch on the GPU (13)"}, norms);
    }
  fakes::fail_call("cudaLaunchKernelEx", 2, cudaErrorLaunchFailure);
  test::expect_error(ExitCode::kIo, {"cudaLaunchKernelEx"}, norms);
  EXPECT_THAT(norms(), ElementsAre(std::sqrt(17.0), 3, 5));
}

// In a process of its own, before anything has made the handle.
TEST(CublasCreation, FailsWithItsNameAndIsTriedAgain) {
  fakes::fail_call("cublasCreate", 1, CUBLAS_STATUS_ALLOC_FAILED);
  test::expect_error(ExitCode::kIo, {"cublasCreate", "the resource allocation failed (3)"}, norms);
  EXPECT_THAT(norms(), ElementsAre(std::sqrt(17.0), 3, 5));
}

}  // namespace
}  // namespace goracs
