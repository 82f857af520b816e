#include "kernels/pairwise_distance.hpp"

#include "kernels/device.hpp"

namespace goracs::cuda {
namespace {

constexpr int kLanes = 16;                  // partial sums of a pair, and components that a block holds at once
constexpr int kSide = 16;                   // a block is 16 x 16 threads
constexpr int kTile = 2 * kSide;            // of 32 x 32 pairs, 2 x 2 each: four loads from shared memory for four pairs
constexpr int kPadded = kLanes + 1;         // neighbouring rows lie in neighbouring banks
constexpr std::int64_t kMostTiles = 65535;  // of grid.y

/// Components k, k + 1, ... of the rows first, first + 1, ...; zeros where there are none: these add +0 to sums that are no negative zero.
__device__ void load_tile(MatrixView<const float> matrix, std::int64_t first, std::int64_t k, float (&tile)[kTile][kPadded]) {
  for (int row = threadIdx.y; row < kTile; row += kSide) {
    const std::int64_t i = first + row, component = k + threadIdx.x;
    tile[row][threadIdx.x] = i < matrix.rows && component < matrix.cols ? matrix.data[i * matrix.stride + component] : 0.0F;
  }
}

__device__ void add_square(float& sum, float a, float b) {
  const float difference = __fsub_rn(a, b);
  sum = __fadd_rn(sum, __fmul_rn(difference, difference));  // never contracted
}

/// The tree over the lanes, then the root.
__device__ float root_of_lanes(float (&sum)[kLanes]) {
  for (int lane = 0; lane < 8; ++lane) sum[lane] = __fadd_rn(sum[lane], sum[lane + 8]);
  for (int lane = 0; lane < 4; ++lane) sum[lane] = __fadd_rn(sum[lane], sum[lane + 4]);
  for (int lane = 0; lane < 2; ++lane) sum[lane] = __fadd_rn(sum[lane], sum[lane + 2]);
  return __fsqrt_rn(__fadd_rn(sum[0], sum[1]));
}

/// Block (x, y): rows 32 x of valid and on, rows 32 y of train and on. Thread (x, y): pairs (y, x), (y, x + 16), (y + 16, x), (y + 16, x + 16).
__global__ void __launch_bounds__(256) distances(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance) {
  __shared__ float a[kTile][kPadded], b[kTile][kPadded];
  const std::int64_t first_i = std::int64_t{blockIdx.y} * kTile, first_j = std::int64_t{blockIdx.x} * kTile;
  float sum[2][2][kLanes];
  for (int r = 0; r < 2; ++r)
    for (int c = 0; c < 2; ++c)
      for (int lane = 0; lane < kLanes; ++lane) sum[r][c][lane] = 0;
  for (std::int64_t k = 0; k < train.cols; k += kLanes) {
    load_tile(train, first_i, k, a);
    load_tile(valid, first_j, k, b);
    __syncthreads();
    for (int lane = 0; lane < kLanes; ++lane) {
      const float a0 = a[threadIdx.y][lane], a1 = a[threadIdx.y + kSide][lane];
      const float b0 = b[threadIdx.x][lane], b1 = b[threadIdx.x + kSide][lane];
      add_square(sum[0][0][lane], a0, b0);
      add_square(sum[0][1][lane], a0, b1);
      add_square(sum[1][0][lane], a1, b0);
      add_square(sum[1][1][lane], a1, b1);
    }
    __syncthreads();
  }
  for (int r = 0; r < 2; ++r)
    for (int c = 0; c < 2; ++c) {
      const std::int64_t i = first_i + threadIdx.y + r * kSide, j = first_j + threadIdx.x + c * kSide;
      if (i < train.rows && j < valid.rows) distance.data[i * distance.stride + j] = root_of_lanes(sum[r][c]);
    }
}

}  // namespace

void pairwise_distance(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance) {
  if (train.rows == 0 || valid.rows == 0) return;
  const std::int64_t most_rows = kMostTiles * kTile;
  for (std::int64_t i = 0; i < train.rows; i += most_rows) {
    const std::int64_t rows = train.rows - i < most_rows ? train.rows - i : most_rows;
    const dim3 tiles(static_cast<unsigned>((valid.rows + kTile - 1) / kTile), static_cast<unsigned>((rows + kTile - 1) / kTile));
    launch(distances, tiles, dim3(kSide, kSide), 0, stream(), train.rows_from(i, rows), valid, distance.rows_from(i, rows));
  }
}

}  // namespace goracs::cuda
