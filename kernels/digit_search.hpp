#pragma once

#include <cstdint>

#include "kernels/device.hpp"
#include "kernels/device_fold.hpp"

// The count-th lowest of many keys, found digit by digit from the top: a histogram of the next digit over all keys that share the digits found so
// far. For kernels/*.cu. `static` as in device_fold.hpp.
namespace goracs::cuda {

inline constexpr int kDigitBits = 8, kDigits = 1 << kDigitBits;

/// The digit in which the rank-th key lies (from 1), and which of that digit's keys it is.
struct FoundDigit {
  int digit, rank;
};

/// By one warp: each lane adds up eight digits, a scan finds the lane, the lane the digit. True for that lane alone.
static inline __device__ bool find_digit(const int* histogram, int rank, FoundDigit& found) {
  constexpr int kDigitsPerLane = kDigits / kWarpThreads;
  const int lane = static_cast<int>(threadIdx.x);
  int own = 0;
  for (int k = 0; k < kDigitsPerLane; ++k) own += histogram[lane * kDigitsPerLane + k];
  int up_to = own;
  for (int step = 1; step < kWarpThreads; step *= 2) {
    const int before = __shfl_up_sync(kAllLanes, up_to, step);
    if (lane >= step) up_to += before;
  }
  __syncwarp();  // all have read what the lane that finds it may write
  if (up_to < rank || up_to - own >= rank) return false;
  int left = rank - (up_to - own), digit = lane * kDigitsPerLane;
  while (histogram[digit] < left) left -= histogram[digit++];
  found = {digit, left};
  return true;
}

/// The count-th lowest of key(0) ... key(size - 1), for every thread; the keys have no bits above the digit at `top_shift`. All kRowThreads
/// threads of the block call it.
template <class Key>
static __device__ std::uint64_t count_th_lowest(std::int64_t size, int count, int top_shift, Key key) {
  __shared__ int histogram[kDigits];
  __shared__ std::uint64_t prefix;
  __shared__ int rank;
  if (threadIdx.x == 0) {
    prefix = 0;
    rank = count;
  }
  for (int shift = top_shift; shift >= 0; shift -= kDigitBits) {
    for (int digit = static_cast<int>(threadIdx.x); digit < kDigits; digit += kRowThreads) histogram[digit] = 0;
    __syncthreads();
    for (std::int64_t j = threadIdx.x; j < size; j += kRowThreads) {
      const std::uint64_t value = key(j);
      if ((value ^ prefix) >> shift >> kDigitBits == 0) atomicAdd(&histogram[value >> shift & (kDigits - 1)], 1);
    }
    __syncthreads();
    if (FoundDigit found; threadIdx.x < kWarpThreads && find_digit(histogram, rank, found)) {
      rank = found.rank;
      prefix |= static_cast<std::uint64_t>(found.digit) << shift;
    }
    __syncthreads();
  }
  const std::uint64_t found = prefix;
  __syncthreads();  // all have read it before the next search begins
  return found;
}

}  // namespace goracs::cuda
