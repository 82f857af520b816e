#include "kernels/reduced_cost.hpp"

#include "kernels/device_fold.hpp"

namespace goracs::cuda {
namespace {

constexpr double kNoPrice = 1.7976931348623157e308;  // above every difference

__global__ void __launch_bounds__(128)
    price_rows(const float* const* cost, std::int64_t rows, const double* column_dual, std::int64_t cols, double* least) {
  for (std::int64_t i = blockIdx.x; i < rows; i += gridDim.x) {
    const float* row = cost[i];
    double lowest = kNoPrice;
    for (std::int64_t j = threadIdx.x; j < cols; j += kRowThreads) lowest = Minimum{}(lowest, static_cast<double>(row[j]) - column_dual[j]);
    lowest = block_fold(lowest, Minimum{});
    if (threadIdx.x == 0) least[i] = lowest;
  }
}

}  // namespace

void least_difference(std::span<const float* const> cost, std::span<const double> column_dual, std::span<double> least) {
  const auto rows = static_cast<std::int64_t>(cost.size());
  launch_by_rows(price_rows, rows, cost.data(), rows, column_dual.data(), static_cast<std::int64_t>(column_dual.size()), least.data());
}

}  // namespace goracs::cuda
