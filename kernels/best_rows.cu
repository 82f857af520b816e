#include "kernels/best_rows.hpp"

#include "kernels/device_memory.hpp"
#include "kernels/digit_search.hpp"

namespace goracs::cuda {
namespace {

constexpr int kScoreBits = 128, kRowIndexBits = 32;
constexpr UInt128 kScoreBias = UInt128{1} << (kScoreBits - 1);  // makes scores positive
constexpr UInt128 kLeftOut = ~UInt128{0};                       // above every score

/// Where the search for the count-th smallest (score, row) is: its leading digits, and its place among those that share them, from 1.
struct RowSearch {
  UInt128 score;
  unsigned row;
  int rank;
};

__global__ void __launch_bounds__(128) score_rows(const LowestSum* lowest, const std::int64_t* row_sum, std::int64_t of_sum,
                                                  std::int64_t of_last, std::int64_t rows, const char* left_out, UInt128* key) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  if (i >= rows) return;
  Int128 sum = static_cast<Int128>(lowest[i].high) * (Int128{1} << 32) + lowest[i].low;
  if (row_sum != nullptr) sum += row_sum[i];
  const Int128 score = of_sum * sum + static_cast<Int128>(of_last) * lowest[i].last;
  key[i] = left_out[i] != 0 ? kLeftOut : static_cast<UInt128>(score) + kScoreBias;
}

__global__ void __launch_bounds__(128) begin_search(RowSearch* search, int rank, int* histogram, int* written) {
  for (int digit = static_cast<int>(threadIdx.x); digit < kDigits; digit += kRowThreads) histogram[digit] = 0;
  if (threadIdx.x > 0) return;
  *search = {0, 0, rank};
  *written = 0;
}

/// The histogram of the digit at `shift` of the 160 bits (score, row), over all rows that share the digits above it.
__global__ void __launch_bounds__(128)
    count_digits(const UInt128* key, std::int64_t rows, const RowSearch* search, int shift, int* histogram) {
  __shared__ int of_block[kDigits];
  for (int digit = static_cast<int>(threadIdx.x); digit < kDigits; digit += kRowThreads) of_block[digit] = 0;
  __syncthreads();
  const RowSearch found = *search;
  for (std::int64_t i = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x; i < rows; i += std::int64_t{gridDim.x} * kRowThreads) {
    if (shift >= kRowIndexBits) {
      const int of_score = shift - kRowIndexBits;
      if ((key[i] ^ found.score) >> of_score >> kDigitBits == 0)
        atomicAdd(&of_block[static_cast<int>(key[i] >> of_score) & (kDigits - 1)], 1);
    } else if (const auto row = static_cast<unsigned>(i); key[i] == found.score && (row ^ found.row) >> shift >> kDigitBits == 0) {
      atomicAdd(&of_block[row >> shift & (kDigits - 1)], 1);
    }
  }
  __syncthreads();
  for (int digit = static_cast<int>(threadIdx.x); digit < kDigits; digit += kRowThreads)
    if (of_block[digit] != 0) atomicAdd(&histogram[digit], of_block[digit]);
}

/// Takes the digit in which the row lies; the histogram is ready for the next one.
__global__ void __launch_bounds__(32) take_digit(RowSearch* search, int shift, int* histogram) {
  FoundDigit found;
  if (find_digit(histogram, search->rank, found)) {
    search->rank = found.rank;
    if (shift >= kRowIndexBits)
      search->score |= static_cast<UInt128>(static_cast<unsigned>(found.digit)) << (shift - kRowIndexBits);
    else
      search->row |= static_cast<unsigned>(found.digit) << shift;
  }
  __syncwarp();  // the lane that found it has read the histogram
  for (int digit = static_cast<int>(threadIdx.x); digit < kDigits; digit += kWarpThreads) histogram[digit] = 0;
}

/// All rows up to the one found, in any order.
__global__ void __launch_bounds__(128)
    write_rows(const UInt128* key, std::int64_t rows, const RowSearch* search, int* written, std::int64_t* found) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x;
  if (i >= rows) return;
  if (key[i] < search->score || (key[i] == search->score && i <= search->row)) found[atomicAdd(written, 1)] = i;
}

/// Ascending: each row goes to the place that so many lower ones leave it.
__global__ void __launch_bounds__(128)
    order_rows(const UInt128* key, const std::int64_t* found, int count, std::int64_t* row, Int128* score) {
  const int k = static_cast<int>(blockIdx.x) * kRowThreads + static_cast<int>(threadIdx.x);
  if (k >= count) return;
  int place = 0;
  for (int other = 0; other < count; ++other) place += found[other] < found[k] ? 1 : 0;
  row[place] = found[k];
  score[place] = static_cast<Int128>(key[found[k]] - kScoreBias);
}

dim3 blocks_of_threads(std::int64_t items) { return dim3(static_cast<unsigned>((items + kRowThreads - 1) / kRowThreads)); }

}  // namespace

void best_rows(const RowScores& scores, std::span<const char> left_out, BestRows best) {
  const auto rows = static_cast<std::int64_t>(scores.lowest.size());
  const auto count = static_cast<int>(best.row.size());
  if (count == 0) return;
  DeviceArray<UInt128> key(rows);
  DeviceArray<RowSearch> search(1);
  DeviceArray<int> histogram(kDigits), written(1);
  DeviceArray<std::int64_t> found(count);
  const dim3 block(kRowThreads);
  launch(score_rows, blocks_of_threads(rows), block, 0, stream(), scores.lowest.data(), scores.row_sum.data(), scores.of_sum,
         scores.of_last, rows, left_out.data(), key.data());
  launch(begin_search, dim3(1), block, 0, stream(), search.data(), count, histogram.data(), written.data());
  for (int shift = kScoreBits + kRowIndexBits - kDigitBits; shift >= 0; shift -= kDigitBits) {
    launch(count_digits, blocks_for((rows + kRowThreads - 1) / kRowThreads), block, 0, stream(), key.data(), rows, search.data(), shift,
           histogram.data());
    launch(take_digit, dim3(1), dim3(kWarpThreads), 0, stream(), search.data(), shift, histogram.data());
  }
  launch(write_rows, blocks_of_threads(rows), block, 0, stream(), key.data(), rows, search.data(), written.data(), found.data());
  launch(order_rows, blocks_of_threads(count), block, 0, stream(), key.data(), found.data(), count, best.row.data(), best.score.data());
}

}  // namespace goracs::cuda
