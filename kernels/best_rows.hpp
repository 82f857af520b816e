#pragma once

#include <cstdint>
#include <span>

#include "base/int128.hpp"
#include "kernels/lowest_sum.hpp"

namespace goracs {

/// Scores of rows as weighted sums, exact:   score_i = of_sum (lowest[i].sum() + row_sum[i]) + of_last lowest[i].last
struct RowScores {
  std::span<const LowestSum> lowest;
  std::span<const std::int64_t> row_sum;  ///< (rows), or empty: zeros
  std::int64_t of_sum = 1, of_last = 0;
};

/// Rows, ascending, with their scores.
struct BestRows {
  std::span<std::int64_t> row;
  std::span<Int128> score;
};

// The best.row.size() rows of smallest (score_i, i) among those with left_out[i] == 0, of which there are so many                  Eq. 15
//   left_out  (rows)
// rows < 2^31. Reads 25 bytes a row (33 with row_sum) and, on the device, 16 a row for each of 20 digits.

namespace cpu {
void best_rows(const RowScores& scores, std::span<const char> left_out, BestRows best);
}  // namespace cpu

namespace cuda {
void best_rows(const RowScores& scores, std::span<const char> left_out, BestRows best);
}  // namespace cuda

}  // namespace goracs
