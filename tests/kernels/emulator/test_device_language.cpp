// The emulator gives what CUDA's manual says, where the kernels rely on it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <type_traits>
#include <vector>

#include "kernels/device.hpp"
#include "kernels/emulator/schedules.hpp"
#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"
#include "support/expect_error.hpp"

namespace {

using goracs::cuda::launch;
using testing::ElementsAre;

constexpr unsigned kFull = 0xffffffffU;

template <class T>
concept HasAtomicMin = requires(T* address, T value) { atomicMin(address, value); };
// CUDA has neither
static_assert(HasAtomicMin<int> && !HasAtomicMin<float> && !HasAtomicMin<double>);

__global__ void shuffles(int* y) {
  const int t = static_cast<int>(threadIdx.x);
  y[t] = __shfl_sync(kFull, t, 5);
  y[32 + t] = __shfl_up_sync(kFull, t, 3);
  y[64 + t] = __shfl_down_sync(kFull, t, 3);
  y[96 + t] = __shfl_xor_sync(kFull, t, 1);
  y[128 + t] = __shfl_down_sync(kFull, t, 3, 8);
  y[160 + t] = __shfl_sync(kFull, t, 2, 8);
}

__global__ void counts(int* y, int odd) {
  const int t = static_cast<int>(threadIdx.x);
  const int true_ones = __syncthreads_count(t % 2 == odd);
  const unsigned ballot = __ballot_sync(kFull, t % 32 < 4);
  const int any = __syncthreads_or(t == 200);
  if (t == 0) {
    y[0] = true_ones;
    y[1] = static_cast<int>(ballot);
    y[2] = any;
  }
}

__global__ void indices(std::uint32_t* y) {
  const std::uint32_t block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const std::uint32_t thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const std::uint32_t threads = blockDim.x * blockDim.y * blockDim.z;
  y[block * threads + thread] = 1000 * block + thread;
}

__global__ void atomics(int* y) {
  atomicAdd(&y[0], 2);
  atomicMin(&y[1], static_cast<int>(threadIdx.x));
  atomicMax(&y[2], static_cast<int>(threadIdx.x));
  atomicCAS(&y[3], 0, 7);
}

__global__ void add_one(int* y) { ++*y; }

/// A stream, and an array on the fake device that ends with it.
class DeviceLanguage : public goracs::emulator::EverySchedule {
 protected:
  void SetUp() override {
    EverySchedule::SetUp();
    goracs::fakes::forget_calls();
    GORACS_CUDA_TRY(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  }
  void TearDown() override {
    for (void* address : addresses) cudaFree(address);
    cudaStreamDestroy(stream);
    goracs::fakes::set_device_bytes(std::size_t{1} << 30);
  }
  template <class T>
  T* zeros(std::size_t count) {
    void* address = nullptr;
    GORACS_CUDA_TRY(cudaMalloc(&address, count * sizeof(T)));
    GORACS_CUDA_TRY(cudaMemsetAsync(address, 0, count * sizeof(T), stream));
    addresses.push_back(address);
    return static_cast<T*>(address);
  }
  template <class T>
  std::vector<T> to_host(const T* device, std::size_t count) {
    std::vector<T> values(count);
    GORACS_CUDA_TRY(cudaMemcpyAsync(values.data(), device, count * sizeof(T), cudaMemcpyDeviceToHost, stream));
    GORACS_CUDA_TRY(cudaStreamSynchronize(stream));
    return values;
  }
  cudaStream_t stream = nullptr;
  std::vector<void*> addresses;
};

INSTANTIATE_TEST_SUITE_P(Schedules, DeviceLanguage, testing::ValuesIn(goracs::emulator::schedules()));

TEST_P(DeviceLanguage, ShufflesReadTheLaneThatTheManualNames) {
  int* const y = zeros<int>(192);
  launch(shuffles, dim3(1), dim3(32), 0, stream, y);
  const std::vector<int> got = to_host(y, 192);
  for (int t = 0; t < 32; ++t) {
    const auto at = static_cast<std::size_t>(t);
    EXPECT_EQ(got[at], 5);
    EXPECT_EQ(got[32 + at], t >= 3 ? t - 3 : t);
    EXPECT_EQ(got[64 + at], t + 3 < 32 ? t + 3 : t);
    EXPECT_EQ(got[96 + at], t % 2 == 0 ? t + 1 : t - 1);
    EXPECT_EQ(got[128 + at], t % 8 + 3 < 8 ? t + 3 : t);
    EXPECT_EQ(got[160 + at], t / 8 * 8 + 2);
  }
}

TEST_P(DeviceLanguage, BarriersCountPredicatesOfTheWholeBlock) {
  int* const y = zeros<int>(3);
  launch(counts, dim3(1), dim3(96), 0, stream, y, 1);
  EXPECT_THAT(to_host(y, 3), ElementsAre(48, 15, 0));
}

TEST_P(DeviceLanguage, EveryThreadOfEveryBlockRunsOnce) {
  auto* const y = zeros<std::uint32_t>(std::size_t{2} * 3 * 2 * 24);
  launch(indices, dim3(2, 3, 2), dim3(4, 3, 2), 0, stream, y);
  const std::vector<std::uint32_t> got = to_host(y, std::size_t{2} * 3 * 2 * 24);
  for (std::uint32_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], 1000 * (i / 24) + i % 24);
}

TEST_P(DeviceLanguage, AtomicsCombineAllThreads) {
  int* const y = zeros<int>(4);
  launch(atomics, dim3(3), dim3(64), 0, stream, y);
  EXPECT_THAT(to_host(y, 4), ElementsAre(384, 0, 63, 7));
}

TEST_P(DeviceLanguage, KernelsOfOneStreamRunInOrderWhenItIsWaitedFor) {
  int* const y = zeros<int>(1);
  launch(add_one, dim3(1), dim3(1), 0, stream, y);
  launch(add_one, dim3(1), dim3(1), 0, stream, y);
  EXPECT_THAT(to_host(y, 1), ElementsAre(2));
}

TEST_P(DeviceLanguage, AStreamWaitsForTheEventOfAnother) {
  int* const y = zeros<int>(1);
  launch(add_one, dim3(1), dim3(1), 0, stream, y);
  cudaEvent_t added = nullptr;
  cudaStream_t reader = nullptr;
  GORACS_CUDA_TRY(cudaEventCreateWithFlags(&added, cudaEventDisableTiming));
  GORACS_CUDA_TRY(cudaEventRecord(added, stream));
  GORACS_CUDA_TRY(cudaStreamCreateWithFlags(&reader, cudaStreamNonBlocking));
  GORACS_CUDA_TRY(cudaStreamWaitEvent(reader, added, 0));
  int got = -1;
  GORACS_CUDA_TRY(cudaMemcpyAsync(&got, y, sizeof got, cudaMemcpyDeviceToHost, reader));
  GORACS_CUDA_TRY(cudaStreamSynchronize(reader));
  EXPECT_EQ(got, 1);
  cudaEventDestroy(added);
  cudaStreamDestroy(reader);
}

TEST_P(DeviceLanguage, AFullDeviceSaysSoInOneSentence) {
  goracs::fakes::set_device_bytes(goracs::fakes::device_bytes_used() + 1000);
  goracs::test::expect_error(goracs::ExitCode::kIo, {"cudaMalloc", "cudaErrorMemoryAllocation"}, [&] { zeros<int>(251); });
}

TEST_P(DeviceLanguage, TheNthCallFailsWhenATestSaysSo) {
  int* const y = zeros<int>(1);
  goracs::fakes::fail_call("cudaLaunchKernelEx", 2, cudaErrorLaunchFailure);
  launch(add_one, dim3(1), dim3(1), 0, stream, y);
  goracs::test::expect_error(goracs::ExitCode::kIo, {"cudaLaunchKernelEx", "cudaErrorLaunchFailure"},
                             [&] { launch(add_one, dim3(1), dim3(1), 0, stream, y); });
  launch(add_one, dim3(1), dim3(1), 0, stream, y);
  EXPECT_THAT(to_host(y, 1), ElementsAre(2));
}

}  // namespace
