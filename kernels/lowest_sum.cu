#include "kernels/lowest_sum.hpp"

#include "kernels/device_fold.hpp"
#include "kernels/normalise_cost.hpp"

namespace goracs::cuda {
namespace {

constexpr int kLowBits = 32;
constexpr std::int64_t kLowMask = (std::int64_t{1} << kLowBits) - 1;
constexpr int kDigitBits = 8, kDigits = 1 << kDigitBits;
constexpr int kTopShift = 48;                          // differences below 2^13 have 53 bits and a sign: seven digits
constexpr std::int64_t kBias = std::int64_t{1} << 55;  // makes them positive
constexpr int kDigitsPerLane = kDigits / kWarpThreads;

__device__ std::int64_t difference(float cost, double potential, int sign) {
  return sign * static_cast<std::int64_t>((static_cast<double>(cost) - potential) * static_cast<double>(kUnitsPerCost));
}

/// Where the search for the count-th lowest is.
struct Search {
  std::int64_t prefix;  // its leading digits, found so far
  int rank;             // it is the rank-th lowest of those with this prefix, from 1
};

/// Takes the digit in which the rank-th lowest lies. By one warp: each lane adds up eight digits, a scan finds the lane, the lane the digit.
__device__ void take_digit(const int* histogram, int shift, Search& search) {
  const int lane = static_cast<int>(threadIdx.x);
  int own = 0;
  for (int k = 0; k < kDigitsPerLane; ++k) own += histogram[lane * kDigitsPerLane + k];
  int up_to = own;
  for (int step = 1; step < kWarpThreads; step *= 2) {
    const int before = __shfl_up_sync(kAllLanes, up_to, step);
    if (lane >= step) up_to += before;
  }
  const int rank = search.rank;
  __syncwarp();  // all have read it
  if (up_to < rank || up_to - own >= rank) return;
  int left = rank - (up_to - own), digit = lane * kDigitsPerLane;
  while (histogram[digit] < left) left -= histogram[digit++];
  search.rank = left;
  search.prefix |= static_cast<std::int64_t>(digit) << shift;
}

/// Digit by digit from the top: a histogram of the next digit over all differences that share the digits found so far.
__global__ void __launch_bounds__(128)
    select_rows(MatrixView<const float> cost, const double* potential, int sign, int count, LowestSum* lowest) {
  __shared__ int histogram[kDigits];
  __shared__ Search search;
  for (std::int64_t i = blockIdx.x; i < cost.rows; i += gridDim.x) {
    const float* row = cost.data + i * cost.stride;
    if (threadIdx.x == 0) search = {0, count};
    for (int shift = kTopShift; shift >= 0; shift -= kDigitBits) {
      for (int digit = static_cast<int>(threadIdx.x); digit < kDigits; digit += kRowThreads) histogram[digit] = 0;
      __syncthreads();
      for (std::int64_t j = threadIdx.x; j < cost.cols; j += kRowThreads) {
        const std::int64_t key = difference(row[j], potential[j], sign) + kBias;
        if ((key ^ search.prefix) >> shift >> kDigitBits == 0) atomicAdd(&histogram[key >> shift & (kDigits - 1)], 1);
      }
      __syncthreads();
      if (threadIdx.x < kWarpThreads) take_digit(histogram, shift, search);
      __syncthreads();
    }
    const std::int64_t last = search.prefix - kBias;
    std::int64_t high = 0, low = 0, lower = 0;
    for (std::int64_t j = threadIdx.x; j < cost.cols; j += kRowThreads) {
      const std::int64_t e = difference(row[j], potential[j], sign);
      if (e >= last) continue;
      high += e >> kLowBits;
      low += e & kLowMask;
      ++lower;
    }
    high = block_fold(high, Sum{});
    low = block_fold(low, Sum{});
    lower = block_fold(lower, Sum{});
    const std::int64_t equal = count - lower;  // of those that equal the last, so many belong to the lowest
    if (threadIdx.x == 0) lowest[i] = {last, high + equal * (last >> kLowBits), low + equal * (last & kLowMask)};
  }
}

}  // namespace

void lowest_sum(MatrixView<const float> cost, std::span<const double> potential, int sign, std::int64_t count,
                std::span<LowestSum> lowest) {
  launch_by_rows(select_rows, cost.rows, cost, potential.data(), sign, static_cast<int>(count), lowest.data());
}

}  // namespace goracs::cuda
