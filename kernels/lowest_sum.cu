#include "kernels/lowest_sum.hpp"

#include "kernels/digit_search.hpp"
#include "kernels/normalise_cost.hpp"

namespace goracs::cuda {
namespace {

constexpr int kLowBits = 32;
constexpr std::int64_t kLowMask = (std::int64_t{1} << kLowBits) - 1;
constexpr int kTopShift = 48;                          // differences below 2^13 have 53 bits and a sign: seven digits
constexpr std::int64_t kBias = std::int64_t{1} << 55;  // makes them positive

__device__ std::int64_t difference(float cost, double potential, int sign) {
  return sign * static_cast<std::int64_t>((static_cast<double>(cost) - potential) * static_cast<double>(kUnitsPerCost));
}

__global__ void __launch_bounds__(128) sum_lowest(MatrixView<const float> cost, const std::int64_t* rows, std::int64_t count_rows,
                                                  const double* potential, int sign, int count, LowestSum* lowest) {
  for (std::int64_t k = blockIdx.x; k < count_rows; k += gridDim.x) {
    const float* row = cost.data + rows[k] * cost.stride;
    const auto key = [=](std::int64_t j) { return static_cast<std::uint64_t>(difference(row[j], potential[j], sign) + kBias); };
    const std::int64_t last = static_cast<std::int64_t>(count_th_lowest(cost.cols, count, kTopShift, key)) - kBias;
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
    if (threadIdx.x == 0) lowest[k] = {last, high + equal * (last >> kLowBits), low + equal * (last & kLowMask)};
  }
}

}  // namespace

void lowest_sum(MatrixView<const float> cost, std::span<const std::int64_t> rows, std::span<const double> potential, int sign,
                std::int64_t count, std::span<LowestSum> lowest) {
  const auto count_rows = static_cast<std::int64_t>(rows.size());
  launch_by_rows(sum_lowest, count_rows, cost, rows.data(), count_rows, potential.data(), sign, static_cast<int>(count), lowest.data());
}

}  // namespace goracs::cuda
