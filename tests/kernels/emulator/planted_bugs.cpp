// A program for test_planted_bugs: runs one small kernel with one planted bug and says whether its numbers are right.
//
//   planted_bugs BUG ascending|descending|random SEED     prints right, wrong, or "violation: ..."; sanitizers print their own
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/device.hpp"
#include "kernels/emulator/planted_bugs.hpp"

namespace {

using goracs::cuda::dyn_smem;
using goracs::cuda::launch;
using goracs::emulator::Bug;

constexpr unsigned kFull = 0xffffffffU;
constexpr int kBlock = 128;
constexpr int kWarps = kBlock / 32;

template <Bug kBug>
__device__ float warp_sum(float value) {
  constexpr unsigned kMask = kBug == Bug::kWrongShuffleMask ? 0x0000ffffU : kFull;
  for (int step = 16; step > 0; step /= 2) value += __shfl_down_sync(kMask, value, step);
  return value;
}

__device__ __attribute__((noinline)) void store(float* to, int at, float value) { to[at] = value; }

/// Sum over the block, for every thread.
template <Bug kBug>
__device__ float block_sum(float value) {
  __shared__ float part[kWarps];
  __shared__ float total;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  value = warp_sum<kBug>(value);
  if (lane == 0) {
    if constexpr (kBug == Bug::kStaticOverrun) {
      part[warp + 1] = value;
    } else if constexpr (kBug == Bug::kOverrunThroughPointer) {
      store(part, warp + 1, value);
    } else {
      part[warp] = value;
    }
  }
  if constexpr (kBug != Bug::kReadBeforeBarrier) __syncthreads();
  if (warp == 0) {
    value = lane < kWarps ? part[lane] : 0.0F;
    value = warp_sum<kBug>(value);
    if (lane == 0) total = value;
  }
  __syncthreads();
  return total;  // the next call's first barrier comes before the next write
}

/// y[r, :] = (sum of x[r, :], sum of its squares)
template <Bug kBug>
__global__ void __launch_bounds__(128) row_sums(const float* x, float* y, int rows, int cols) {
  if constexpr (kBug == Bug::kExitBeforeBarrier) {
    if (threadIdx.x >= 64) return;
  }
  for (int r = static_cast<int>(blockIdx.x); r < rows; r += static_cast<int>(gridDim.x)) {
    float sum = 0, squares = 0;
    const int end = kBug == Bug::kReadPastRow ? cols + 1 : cols;
    for (int c = static_cast<int>(threadIdx.x); c < end; c += kBlock) {
      sum += x[r * cols + c];
      squares += x[r * cols + c] * x[r * cols + c];
    }
    if constexpr (kBug == Bug::kDifferentBarriers) {
      // clang-format off
      if (threadIdx.x < 32) __syncthreads(); else __syncthreads();
      // clang-format on
    }
    if constexpr (kBug == Bug::kSkippedBarrier) {
      if (threadIdx.x / 32 != 1) __syncthreads();
    }
    sum = block_sum<kBug>(sum);
    squares = block_sum<kBug>(squares);
    if (threadIdx.x == 0) {
      y[2 * r] = sum;
      y[2 * r + 1] = squares;
    }
  }
}

/// y[b] = product of the block's values, one a warp; all 32 lanes of the last step have a factor.
template <Bug kBug>
__global__ void __launch_bounds__(128) products(const float* x, float* y) {
  __shared__ float factor[32];
  const int t = static_cast<int>(threadIdx.x);
  if constexpr (kBug != Bug::kUninitialisedShared) {
    if (t < 32) factor[t] = 1;
    __syncthreads();
  }
  if (t % 32 == 0) factor[t / 32] = x[static_cast<int>(blockIdx.x) * kWarps + t / 32];
  __syncthreads();
  if (t < 32) {
    float product = factor[t];
    for (int step = 16; step > 0; step /= 2) product *= __shfl_down_sync(kFull, product, step);
    if (t == 0) y[blockIdx.x] = product;
  }
}

/// y[c] = sum of column c
template <Bug kBug>
__global__ void column_sums(const float* x, float* y, int rows, int cols) {
  const int n = rows * cols;
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += static_cast<int>(gridDim.x * blockDim.x)) {
    if constexpr (kBug == Bug::kPlainAddition) {
      y[i % cols] += x[i];
    } else {
      atomicAdd(&y[i % cols], x[i]);
    }
  }
}

/// y = inclusive prefix sums within each warp
template <Bug kBug>
__global__ void __launch_bounds__(128) warp_scan(const float* x, float* y) {
  __shared__ float s[kBlock];
  const int t = static_cast<int>(threadIdx.x), lane = t % 32;
  s[t] = x[blockIdx.x * kBlock + threadIdx.x];
  if constexpr (kBug != Bug::kNoSyncwarp) __syncwarp();
  for (int step = 1; step < 32; step *= 2) {
    const float before = lane >= step ? s[t - step] : 0.0F;
    if constexpr (kBug != Bug::kNoSyncwarp) __syncwarp();
    s[t] += before;
    if constexpr (kBug != Bug::kNoSyncwarp) __syncwarp();
  }
  y[blockIdx.x * kBlock + threadIdx.x] = s[t];
}

/// y[r, c] = x[r, cols - 1 - c]
template <Bug kBug>
__global__ void reversed(const float* x, float* y, int rows, int cols) {
  float* const row = dyn_smem<float>();
  for (int r = static_cast<int>(blockIdx.x); r < rows; r += static_cast<int>(gridDim.x)) {
    for (int c = static_cast<int>(threadIdx.x); c < cols; c += static_cast<int>(blockDim.x)) row[c] = x[r * cols + c];
    if constexpr (kBug == Bug::kDynamicOverrun) {
      if (threadIdx.x == 0) row[cols] = 0;
    }
    __syncthreads();
    for (int c = static_cast<int>(threadIdx.x); c < cols; c += static_cast<int>(blockDim.x)) y[r * cols + c] = row[cols - 1 - c];
    if constexpr (kBug != Bug::kWriteBeforeBarrier) __syncthreads();
  }
}

/// The last block to finish adds what the others have left.
template <Bug kBug>
__global__ void __launch_bounds__(128) last_block_sum(const float* x, float* part, unsigned* ticket, float* y, int n) {
  __shared__ bool last;
  float sum = 0;
  for (int i = static_cast<int>(blockIdx.x) * kBlock + static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(gridDim.x) * kBlock)
    sum += x[i];
  sum = block_sum<Bug::kNone>(sum);
  if (threadIdx.x == 0) {
    part[blockIdx.x] = sum;
    if constexpr (kBug != Bug::kNoFence) __threadfence();
    last = atomicAdd(ticket, 1U) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    __threadfence();
    float total = 0;
    for (unsigned b = 0; b < gridDim.x; ++b) total += part[b];
    *y = total;
  }
}

/// y[t] = the value of the lane that many before the last, whether all agree or not
template <Bug kBug>
__global__ void votes(const float* x, float* y) {
  const int t = static_cast<int>(threadIdx.x);
  if constexpr (kBug == Bug::kDeadlock) {
    if (t == 0) {
      __syncwarp();
    } else {
      __syncthreads();
    }
  }
  if constexpr (kBug == Bug::kMixedCollectives) {
    y[t] = t < 16 ? __shfl_sync(kFull, x[t], 31 - t) : static_cast<float>(__all_sync(kFull, x[t] < 100));
  } else {
    const unsigned mask = kBug == Bug::kMissingLanes || blockDim.x == 32 ? kFull : (1U << blockDim.x) - 1;
    y[t] = __all_sync(mask, x[t] < 100) != 0 ? __shfl_sync(mask, x[t], static_cast<int>(blockDim.x) - 1 - t) : -1;
  }
}

/// An array on the device, for as long as the program runs.
template <class T>
T* on_device(const std::vector<T>& values) {
  void* address = nullptr;
  GORACS_CUDA_TRY(cudaMalloc(&address, values.size() * sizeof(T)));
  GORACS_CUDA_TRY(cudaMemcpy(address, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return static_cast<T*>(address);
}

template <Bug kBug>
std::vector<float> to_host(const float* device, std::size_t count, cudaStream_t stream) {
  std::vector<float> values(count, -1.0F);
  const std::size_t copied = count + (kBug == Bug::kCopyPastAllocation ? 1 : 0);
  values.reserve(copied);
  GORACS_CUDA_TRY(cudaMemcpyAsync(values.data(), device, copied * sizeof(float), cudaMemcpyDeviceToHost, stream));
  if constexpr (kBug != Bug::kReadBeforeSynchronise) GORACS_CUDA_TRY(cudaStreamSynchronize(stream));
  return values;
}

/// Small whole numbers: float sums of them are exact in any order.
std::vector<float> numbers(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i * 7 % 11) - 4.0F;
  return values;
}

constexpr int kRows = 3;
constexpr int kCols = 300;

template <Bug kBug>
bool row_sums_right(cudaStream_t stream) {
  const std::vector<float> x = numbers(kRows * kCols);
  const float* const dx = on_device(x);
  float* const dy = on_device(std::vector<float>(2 * kRows));
  constexpr unsigned kThreads = kBug == Bug::kLargeBlock ? 1056 : kBug == Bug::kAboveLaunchBounds ? 160 : kBlock;
  constexpr unsigned kTall = kBug == Bug::kTallGrid ? 65536 : 1;
  constexpr std::size_t kBytes = kBug == Bug::kMuchSharedMemory ? 49153 : 0;
  launch(row_sums<kBug>, dim3(2, kTall), dim3(kThreads), kBytes, stream, dx, dy, kRows, kCols);
  if constexpr (kBug == Bug::kHostReadsDeviceMemory) return dx[0] == x[0];
  const std::vector<float> y = to_host<kBug>(dy, 2 * kRows, stream);
  for (int r = 0; r < kRows; ++r) {
    float sum = 0, squares = 0;
    for (int c = 0; c < kCols; ++c) {
      sum += x[static_cast<std::size_t>(r * kCols + c)];
      squares += x[static_cast<std::size_t>(r * kCols + c)] * x[static_cast<std::size_t>(r * kCols + c)];
    }
    if (y[static_cast<std::size_t>(2 * r)] != sum || y[static_cast<std::size_t>(2 * r + 1)] != squares) return false;
  }
  return true;
}

template <Bug kBug>
bool products_right(cudaStream_t stream) {
  const std::vector<float> x{2, 3, 5, 7, 11, 13, 17, 19};
  float* const dy = on_device(std::vector<float>(2));
  launch(products<kBug>, dim3(2), dim3(kBlock), 0, stream, on_device(x), dy);
  return to_host<kBug>(dy, 2, stream) == std::vector<float>{210, 46189};
}

template <Bug kBug>
bool column_sums_right(cudaStream_t stream) {
  constexpr int kTallRows = 200, kFewCols = 3;
  const std::vector<float> x = numbers(kTallRows * kFewCols);
  float* const dy = on_device(std::vector<float>(kFewCols));
  launch(column_sums<kBug>, dim3(2), dim3(64), 0, stream, on_device(x), dy, kTallRows, kFewCols);
  std::vector<float> expected(kFewCols);
  for (std::size_t i = 0; i < x.size(); ++i) expected[i % kFewCols] += x[i];
  return to_host<kBug>(dy, kFewCols, stream) == expected;
}

template <Bug kBug>
bool warp_scan_right(cudaStream_t stream) {
  const std::vector<float> x = numbers(2 * kBlock);
  float* const dy = on_device(std::vector<float>(x.size()));
  launch(warp_scan<kBug>, dim3(2), dim3(kBlock), 0, stream, on_device(x), dy);
  std::vector<float> expected = x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i % 32 != 0) expected[i] += expected[i - 1];
  }
  return to_host<kBug>(dy, x.size(), stream) == expected;
}

template <Bug kBug>
bool reversed_right(cudaStream_t stream) {
  constexpr int kOdd = 101;
  const std::vector<float> x = numbers(kRows * kOdd);
  float* const dy = on_device(std::vector<float>(x.size()));
  launch(reversed<kBug>, dim3(2), dim3(64), kOdd * sizeof(float), stream, on_device(x), dy, kRows, kOdd);
  std::vector<float> expected = x;
  for (int r = 0; r < kRows; ++r) std::reverse(expected.begin() + r * kOdd, expected.begin() + (r + 1) * kOdd);
  return to_host<kBug>(dy, x.size(), stream) == expected;
}

template <Bug kBug>
bool last_block_sum_right(cudaStream_t stream) {
  constexpr int kBlocks = 5;
  const std::vector<float> x = numbers(1000);
  float* const dy = on_device(std::vector<float>(1));
  launch(last_block_sum<kBug>, dim3(kBlocks), dim3(kBlock), 0, stream, on_device(x), on_device(std::vector<float>(kBlocks)),
         on_device(std::vector<unsigned>(1)), dy, static_cast<int>(x.size()));
  float expected = 0;
  for (const float value : x) expected += value;
  return to_host<kBug>(dy, 1, stream)[0] == expected;
}

template <Bug kBug>
bool votes_right(cudaStream_t stream) {
  const std::size_t threads = kBug == Bug::kMissingLanes ? 8 : 32;
  const std::vector<float> x = numbers(threads);
  float* const dy = on_device(std::vector<float>(threads));
  launch(votes<kBug>, dim3(1), dim3(static_cast<unsigned>(threads)), 0, stream, on_device(x), dy);
  return to_host<kBug>(dy, threads, stream) == std::vector<float>(x.rbegin(), x.rend());
}

template <Bug kBug>
bool clean_kernels_right(cudaStream_t stream) {
  return votes_right<kBug>(stream) && row_sums_right<kBug>(stream) && products_right<kBug>(stream) && column_sums_right<kBug>(stream) &&
         warp_scan_right<kBug>(stream) && reversed_right<kBug>(stream) && last_block_sum_right<kBug>(stream);
}

bool numbers_right(Bug bug, cudaStream_t stream) {
  switch (bug) {
    case Bug::kNone: return clean_kernels_right<Bug::kNone>(stream);
    case Bug::kReadBeforeBarrier: return row_sums_right<Bug::kReadBeforeBarrier>(stream);
    case Bug::kWriteBeforeBarrier: return reversed_right<Bug::kWriteBeforeBarrier>(stream);
    case Bug::kPlainAddition: return column_sums_right<Bug::kPlainAddition>(stream);
    case Bug::kNoSyncwarp: return warp_scan_right<Bug::kNoSyncwarp>(stream);
    case Bug::kStaticOverrun: return row_sums_right<Bug::kStaticOverrun>(stream);
    case Bug::kDynamicOverrun: return reversed_right<Bug::kDynamicOverrun>(stream);
    case Bug::kOverrunThroughPointer: return row_sums_right<Bug::kOverrunThroughPointer>(stream);
    case Bug::kUninitialisedShared: return products_right<Bug::kUninitialisedShared>(stream);
    case Bug::kWrongShuffleMask: return row_sums_right<Bug::kWrongShuffleMask>(stream);
    case Bug::kReadPastRow: return row_sums_right<Bug::kReadPastRow>(stream);
    case Bug::kDifferentBarriers: return row_sums_right<Bug::kDifferentBarriers>(stream);
    case Bug::kSkippedBarrier: return row_sums_right<Bug::kSkippedBarrier>(stream);
    case Bug::kExitBeforeBarrier: return row_sums_right<Bug::kExitBeforeBarrier>(stream);
    case Bug::kDeadlock: return votes_right<Bug::kDeadlock>(stream);
    case Bug::kMissingLanes: return votes_right<Bug::kMissingLanes>(stream);
    case Bug::kMixedCollectives: return votes_right<Bug::kMixedCollectives>(stream);
    case Bug::kNoFence: return last_block_sum_right<Bug::kNoFence>(stream);
    case Bug::kLargeBlock: return row_sums_right<Bug::kLargeBlock>(stream);
    case Bug::kAboveLaunchBounds: return row_sums_right<Bug::kAboveLaunchBounds>(stream);
    case Bug::kTallGrid: return row_sums_right<Bug::kTallGrid>(stream);
    case Bug::kMuchSharedMemory: return row_sums_right<Bug::kMuchSharedMemory>(stream);
    case Bug::kHostReadsDeviceMemory: return row_sums_right<Bug::kHostReadsDeviceMemory>(stream);
    case Bug::kReadBeforeSynchronise: return row_sums_right<Bug::kReadBeforeSynchronise>(stream);
    case Bug::kCopyPastAllocation: return row_sums_right<Bug::kCopyPastAllocation>(stream);
  }
  return false;
}

goracs::emulator::Schedule schedule(std::string_view order, std::uint64_t seed) {
  if (order == "descending") return {goracs::emulator::Order::kDescending, seed, 0};
  if (order == "random") return {goracs::emulator::Order::kRandom, seed, 0.2};
  return {goracs::emulator::Order::kAscending, seed, 0};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: planted_bugs BUG ascending|descending|random SEED\n");
    return EXIT_FAILURE;
  }
  const auto* const named = std::find(goracs::emulator::kBugNames.begin(), goracs::emulator::kBugNames.end(), argv[1]);
  if (named == goracs::emulator::kBugNames.end()) {
    fmt::print(stderr, "planted_bugs: no bug is called '{}'\n", argv[1]);
    return EXIT_FAILURE;
  }
  goracs::emulator::follow(schedule(argv[2], std::strtoull(argv[3], nullptr, 10)));
  cudaStream_t stream = nullptr;
  try {
    GORACS_CUDA_TRY(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    fmt::print("{}\n", numbers_right(static_cast<Bug>(named - goracs::emulator::kBugNames.begin()), stream) ? "right" : "wrong");
  } catch (const goracs::emulator::Violation& violation) {
    fmt::print("violation: {}\n", violation.what());
  }
  cudaStreamDestroy(stream);
  return EXIT_SUCCESS;
}
