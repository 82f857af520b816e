#include "kernels/column_two_lowest.hpp"

#include "kernels/device_fold.hpp"
#include "kernels/device_memory.hpp"

namespace goracs::cuda {
namespace {

constexpr std::int64_t kSlotsPerBlock = 64;  // a coreset's 1000 rows and 5000 columns become 16 x 40 blocks

struct TwoLowest {
  double first, second;
  int owner;

  /// Takes in a value of a later row.
  __device__ void add(double value, int row) {
    const bool lower = value < first;
    const double above = lower ? first : value;
    second = above < second ? above : second;
    owner = lower ? row : owner;
    first = lower ? value : first;
  }
};

constexpr double kAboveAll = 1.7976931348623157e308;  // above every difference

/// Block (x, y): columns 128 x and on, rows 64 y and on.
__global__ void __launch_bounds__(128)
    lowest_of_blocks(const float* const* cost, const double* row_dual, std::int64_t rows, std::int64_t cols, TwoLowest* of_block) {
  const std::int64_t j = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  if (j >= cols) return;
  const std::int64_t begin = blockIdx.y * kSlotsPerBlock;
  const std::int64_t end = begin + kSlotsPerBlock < rows ? begin + kSlotsPerBlock : rows;
  TwoLowest lowest{kAboveAll, kAboveAll, 0};
  for (std::int64_t i = begin; i < end; ++i) lowest.add(static_cast<double>(cost[i][j]) - row_dual[i], static_cast<int>(i));
  of_block[blockIdx.y * cols + j] = lowest;
}

/// Blocks in the order of their rows, so that equal values keep the lowest row.
__global__ void __launch_bounds__(128) lowest_of_columns(const TwoLowest* of_block, std::int64_t blocks, std::int64_t rows,
                                                         std::int64_t cols, double* first, double* second, std::int32_t* owner) {
  const std::int64_t j = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  if (j >= cols) return;
  TwoLowest lowest = of_block[j];
  for (std::int64_t block = 1; block < blocks; ++block) {
    const TwoLowest later = of_block[block * cols + j];
    lowest.add(later.first, later.owner);
    lowest.second = later.second < lowest.second ? later.second : lowest.second;
  }
  first[j] = lowest.first;
  second[j] = rows == 1 ? lowest.first : lowest.second;
  owner[j] = lowest.owner;
}

}  // namespace

void column_two_lowest(std::span<const float* const> cost, std::span<const double> row_dual, ColumnTwoLowest lowest) {
  const auto rows = static_cast<std::int64_t>(cost.size()), cols = static_cast<std::int64_t>(lowest.first.size());
  const std::int64_t blocks = (rows + kSlotsPerBlock - 1) / kSlotsPerBlock;
  const dim3 columns(static_cast<unsigned>((cols + kRowThreads - 1) / kRowThreads));
  DeviceArray<TwoLowest> of_block(blocks * cols);
  launch(lowest_of_blocks, dim3(columns.x, static_cast<unsigned>(blocks)), dim3(kRowThreads), 0, stream(), cost.data(), row_dual.data(),
         rows, cols, of_block.data());
  launch(lowest_of_columns, columns, dim3(kRowThreads), 0, stream(), of_block.data(), blocks, rows, cols, lowest.first.data(),
         lowest.second.data(), lowest.owner.data());
}

}  // namespace goracs::cuda
