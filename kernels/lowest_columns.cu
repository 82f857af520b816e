#include "kernels/lowest_columns.hpp"

#include "kernels/digit_search.hpp"

namespace goracs::cuda {
namespace {

constexpr int kTopDigit = 56;  // of 64 bits
constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
constexpr int kWarps = kRowThreads / kWarpThreads;

/// Orders like cost - potential: smaller numbers have smaller keys, -0 and 0 the same.
__device__ std::uint64_t ordered_difference(float cost, double potential) {
  const auto bits = static_cast<std::uint64_t>(__double_as_longlong(__dadd_rn(__dsub_rn(static_cast<double>(cost), potential), 0.0)));
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

/// Of the threads of a block those with `flag`: how many come before this one, and all of them.
struct Place {
  int before, total;
};
__device__ Place place_among(bool flag, int (&of_warp)[kWarps]) {
  const int warp = static_cast<int>(threadIdx.x) / kWarpThreads, lane = static_cast<int>(threadIdx.x) % kWarpThreads;
  const unsigned flags = __ballot_sync(kAllLanes, flag);
  if (lane == 0) of_warp[warp] = __popc(flags);
  __syncthreads();
  Place place{__popc(flags & ((1U << lane) - 1U)), 0};
  for (int w = 0; w < kWarps; ++w) {
    if (w < warp) place.before += of_warp[w];
    place.total += of_warp[w];
  }
  return place;
}

/// One row after the other: the key of the count-th lowest difference, then all columns below it and the first of those that equal it, in order.
__global__ void __launch_bounds__(128) write_lowest_columns(MatrixView<const float> cost, const std::int64_t* rows, std::int64_t count_rows,
                                                            const double* potential, MatrixView<CostArc> arcs) {
  __shared__ int below_of_warp[kWarps], equal_of_warp[kWarps];
  for (std::int64_t k = blockIdx.x; k < count_rows; k += gridDim.x) {
    const float* row = cost.data + rows[k] * cost.stride;
    const auto key = [=](std::int64_t j) { return ordered_difference(row[j], potential[j]); };
    const int count = static_cast<int>(arcs.cols);
    const std::uint64_t last = count_th_lowest(cost.cols, count, kTopDigit, key);
    int lower = 0;
    for (std::int64_t j = threadIdx.x; j < cost.cols; j += kRowThreads) lower += key(j) < last ? 1 : 0;
    const int equal_wanted = count - block_fold(lower, Sum{});

    CostArc* to = arcs.data + k * arcs.stride;
    int below_before = 0, equal_before = 0;
    for (std::int64_t begin = 0; begin < cost.cols; begin += kRowThreads) {
      const std::int64_t j = begin + threadIdx.x;
      const std::uint64_t value = j < cost.cols ? key(j) : ~std::uint64_t{0};
      const bool is_below = j < cost.cols && value < last, is_equal = j < cost.cols && value == last;
      const Place below = place_among(is_below, below_of_warp), equal = place_among(is_equal, equal_of_warp);
      const int equal_place = equal_before + equal.before;
      if (is_below || (is_equal && equal_place < equal_wanted))
        to[below_before + below.before + (equal_place < equal_wanted ? equal_place : equal_wanted)] = {row[j],
                                                                                                       static_cast<std::int32_t>(j)};
      below_before += below.total;
      equal_before += equal.total;
      __syncthreads();  // the counts of the warps have been read
    }
  }
}

}  // namespace

void lowest_columns(MatrixView<const float> cost, std::span<const std::int64_t> rows, std::span<const double> potential,
                    MatrixView<CostArc> arcs) {
  const auto count_rows = static_cast<std::int64_t>(rows.size());
  launch_by_rows(write_lowest_columns, count_rows, cost, rows.data(), count_rows, potential.data(), arcs);
}

}  // namespace goracs::cuda
