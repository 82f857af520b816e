#include "kernels/column_minimum.hpp"

#include "kernels/device_fold.hpp"
#include "kernels/device_memory.hpp"

namespace goracs::cuda {
namespace {

constexpr std::int64_t kRowsPerBlock = 256;  // a block's rows: enough blocks for the device at 1000 rows, few atomics a column
constexpr int kRowBits = 32;
constexpr unsigned kSignBit = 0x80000000U;

/// Orders like (value, row): smaller numbers have smaller keys, -0 and 0 the same.
__device__ unsigned long long key_of(float value, std::int64_t row) {
  const unsigned bits = __float_as_uint(value + 0.0F);
  const unsigned ordered = (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
  return static_cast<unsigned long long>(ordered) << kRowBits | static_cast<unsigned>(row);
}

__device__ float value_of(unsigned long long key) {
  const auto ordered = static_cast<unsigned>(key >> kRowBits);
  return __uint_as_float((ordered & kSignBit) != 0 ? ordered ^ kSignBit : ~ordered);
}

__global__ void __launch_bounds__(128) clear_keys(unsigned long long* keys, std::int64_t cols) {
  const std::int64_t j = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  if (j < cols) keys[j] = ~0ULL;
}

/// Block (x, y): columns 128 x and on, rows 256 y and on. Minima of whole numbers, so their order does not matter.
__global__ void __launch_bounds__(128) lower_keys(MatrixView<const float> cost, unsigned long long* keys) {
  const std::int64_t j = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  if (j >= cost.cols) return;
  const std::int64_t begin = blockIdx.y * kRowsPerBlock;
  const std::int64_t end = begin + kRowsPerBlock < cost.rows ? begin + kRowsPerBlock : cost.rows;
  unsigned long long least = ~0ULL;
  for (std::int64_t i = begin; i < end; ++i) least = Minimum{}(least, key_of(cost.data[i * cost.stride + j], i));
  atomicMin(&keys[j], least);
}

__global__ void __launch_bounds__(128) read_keys(const unsigned long long* keys, std::int64_t cols, float* minimum, std::int32_t* row) {
  const std::int64_t j = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  if (j >= cols) return;
  minimum[j] = value_of(keys[j]);
  row[j] = static_cast<std::int32_t>(keys[j] & 0xffffffffU);
}

}  // namespace

void column_minimum(MatrixView<const float> cost, std::span<float> minimum, std::span<std::int32_t> row) {
  const dim3 columns(static_cast<unsigned>((cost.cols + kRowThreads - 1) / kRowThreads));
  const dim3 blocks(columns.x, static_cast<unsigned>((cost.rows + kRowsPerBlock - 1) / kRowsPerBlock));
  DeviceArray<unsigned long long> keys(cost.cols);
  launch(clear_keys, columns, dim3(kRowThreads), 0, stream(), keys.data(), cost.cols);
  launch(lower_keys, blocks, dim3(kRowThreads), 0, stream(), cost, keys.data());
  launch(read_keys, columns, dim3(kRowThreads), 0, stream(), keys.data(), cost.cols, minimum.data(), row.data());
}

}  // namespace goracs::cuda
