#include "kernels/pairwise_distance.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace goracs::cpu {
namespace {

constexpr std::int64_t kLanes = 16;
/// Rows of train that stay in a core's second-level cache while all rows of valid pass.
constexpr std::int64_t kTrainBlock = 64;

/// Pointers to so many consecutive rows.
template <int kRows>
std::array<const float*, kRows> rows_at(MatrixView<const float> matrix, std::int64_t first) {
  std::array<const float*, kRows> rows{};
  for (int r = 0; r < kRows; ++r) rows[r] = matrix.data + (first + r) * matrix.stride;
  return rows;
}

/// The last components of so many rows, filled up with zeros: these add +0 to sums that are no negative zero.
template <int kRows>
struct PaddedTail {
  alignas(64) std::array<std::array<float, kLanes>, kRows> values{};
  PaddedTail(const std::array<const float*, kRows>& rows, std::int64_t begin, std::int64_t end) {
    for (int r = 0; r < kRows; ++r) std::copy(rows[r] + begin, rows[r] + end, values[r].begin());
  }
};

/// Distances of a tile of kRows x kCols pairs, one for each instruction set. As the registers allow: 16 partial sums for each pair.
struct Portable {
  static constexpr int kRows = 1, kCols = 2;

  template <int rows, int cols>
  static void tile(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance, std::int64_t i,
                   std::int64_t j) {
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < cols; ++c) {
        const float *a = train.row(i + r).data(), *b = valid.row(j + c).data();
        alignas(64) std::array<float, kLanes> sum{};
        std::int64_t k = 0;
        for (; k + kLanes <= train.cols; k += kLanes)
          for (std::int64_t lane = 0; lane < kLanes; ++lane) {
            const float difference = a[k + lane] - b[k + lane];
            sum[static_cast<std::size_t>(lane)] += difference * difference;
          }
        for (std::int64_t lane = 0; k + lane < train.cols; ++lane) {
          const float difference = a[k + lane] - b[k + lane];
          sum[static_cast<std::size_t>(lane)] += difference * difference;
        }
        for (std::size_t half = kLanes / 2; half > 0; half /= 2)
          for (std::size_t lane = 0; lane < half; ++lane) sum[lane] += sum[lane + half];
        distance(i + r, j + c) = std::sqrt(sum[0]);
      }
  }
};

#ifdef __x86_64__
/// The tree from eight lanes on: l + 4, l + 2, l + 1; then the square root.
[[gnu::target("avx2")]] inline float root_of_lanes(__m256 sum) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_sqrt_ss(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1))));
}

struct Avx2 {
  static constexpr int kRows = 2, kCols = 3;  // 12 of 16 registers hold sums

  template <int rows, int cols>
  [[gnu::target("avx2")]] static void tile(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance,
                                           std::int64_t i, std::int64_t j) {
    __m256 low[rows][cols], high[rows][cols];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
      for (int c = 0; c < cols; ++c) low[r][c] = high[r][c] = _mm256_setzero_ps();
    const auto add = [&](const std::array<const float*, rows>& a, const std::array<const float*, cols>& b, std::int64_t k)
                         __attribute__((always_inline, target("avx2"))) {
#pragma GCC unroll 8
                           for (int r = 0; r < rows; ++r) {
                             const __m256 a_low = _mm256_loadu_ps(a[r] + k), a_high = _mm256_loadu_ps(a[r] + k + 8);
#pragma GCC unroll 8
                             for (int c = 0; c < cols; ++c) {
                               const __m256 d_low = _mm256_sub_ps(a_low, _mm256_loadu_ps(b[c] + k));
                               const __m256 d_high = _mm256_sub_ps(a_high, _mm256_loadu_ps(b[c] + k + 8));
                               low[r][c] = _mm256_add_ps(low[r][c], _mm256_mul_ps(d_low, d_low));
                               high[r][c] = _mm256_add_ps(high[r][c], _mm256_mul_ps(d_high, d_high));
                             }
                           }
                         };
    const auto a = rows_at<rows>(train, i);
    const auto b = rows_at<cols>(valid, j);
    const std::int64_t whole = train.cols / kLanes * kLanes;
    for (std::int64_t k = 0; k < whole; k += kLanes) add(a, b, k);
    if (whole < train.cols) {
      const PaddedTail<rows> a_tail(a, whole, train.cols);
      const PaddedTail<cols> b_tail(b, whole, train.cols);
      std::array<const float*, rows> a_rows{};
      std::array<const float*, cols> b_rows{};
      for (int r = 0; r < rows; ++r) a_rows[r] = a_tail.values[r].data();
      for (int c = 0; c < cols; ++c) b_rows[c] = b_tail.values[c].data();
      add(a_rows, b_rows, 0);
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
      for (int c = 0; c < cols; ++c) distance(i + r, j + c) = root_of_lanes(_mm256_add_ps(low[r][c], high[r][c]));
  }
};

struct Avx512 {
  static constexpr int kRows = 4, kCols = 4;  // 16 of 32 registers hold sums

  template <int rows, int cols>
  [[gnu::target("avx512f")]] static void tile(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance,
                                              std::int64_t i, std::int64_t j) {
    __m512 sum[rows][cols];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
      for (int c = 0; c < cols; ++c) sum[r][c] = _mm512_setzero_ps();
    const auto a = rows_at<rows>(train, i);
    const auto b = rows_at<cols>(valid, j);
    for (std::int64_t k = 0; k < train.cols; k += kLanes) {
      const auto lanes = static_cast<__mmask16>((1U << std::min(kLanes, train.cols - k)) - 1U);
      __m512 b_values[cols];
#pragma GCC unroll 8
      for (int c = 0; c < cols; ++c) b_values[c] = _mm512_maskz_loadu_ps(lanes, b[c] + k);
#pragma GCC unroll 8
      for (int r = 0; r < rows; ++r) {
        const __m512 a_values = _mm512_maskz_loadu_ps(lanes, a[r] + k);
#pragma GCC unroll 8
        for (int c = 0; c < cols; ++c) {
          const __m512 difference = _mm512_sub_ps(a_values, b_values[c]);
          sum[r][c] = _mm512_add_ps(sum[r][c], _mm512_mul_ps(difference, difference));
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
      for (int c = 0; c < cols; ++c) {
        alignas(64) float lanes[kLanes];
        _mm512_store_ps(lanes, sum[r][c]);
        distance(i + r, j + c) = root_of_lanes(_mm256_add_ps(_mm256_load_ps(lanes), _mm256_load_ps(lanes + kLanes / 2)));
      }
  }
};
#endif

/// All pairs: blocks of train over the threads; in a block one strip of kCols rows of valid after the other passes by the rows of train.
template <class Set>
void by_tiles(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance) {
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t begin = 0; begin < train.rows; begin += kTrainBlock) {
    const std::int64_t end = std::min(begin + kTrainBlock, train.rows);
    const auto strip = [&]<int cols>(std::int64_t j) {
      std::int64_t i = begin;
      for (; i + Set::kRows <= end; i += Set::kRows) Set::template tile<Set::kRows, cols>(train, valid, distance, i, j);
      for (; i < end; ++i) Set::template tile<1, cols>(train, valid, distance, i, j);
    };
    std::int64_t j = 0;
    for (; j + Set::kCols <= valid.rows; j += Set::kCols) strip.template operator()<Set::kCols>(j);
    for (; j < valid.rows; ++j) strip.template operator()<1>(j);
  }
}

}  // namespace

void pairwise_distance(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance, InstructionSet set) {
  switch (set) {
#ifdef __x86_64__
    case InstructionSet::kAvx512: return by_tiles<Avx512>(train, valid, distance);
    case InstructionSet::kAvx2: return by_tiles<Avx2>(train, valid, distance);
#endif
    default: return by_tiles<Portable>(train, valid, distance);
  }
}

void pairwise_distance(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance) {
  pairwise_distance(train, valid, distance, instruction_sets().back());
}

}  // namespace goracs::cpu
