#pragma once

#include <cstdint>

namespace goracs {

/// A rank's share of rows 0 .. rows-1: contiguous, in rank order, sizes differing by one at most (the first `rows % ranks` have one more).
///   10 rows, 3 ranks:   rank 0: 0-3   rank 1: 4-6   rank 2: 7-9
struct RowBlock {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const noexcept { return end - begin; }
  bool contains(std::int64_t i) const noexcept { return begin <= i && i < end; }

  static RowBlock of(std::int64_t rows, int rank, int ranks) noexcept {
    const std::int64_t least = rows / ranks, more = rows % ranks;
    const std::int64_t begin = rank * least + (rank < more ? rank : more);
    return {begin, begin + least + (rank < more ? 1 : 0)};
  }
  /// The rank that holds row i.
  static int owner(std::int64_t i, std::int64_t rows, int ranks) noexcept {
    const std::int64_t least = rows / ranks, more = rows % ranks, split = more * (least + 1);
    return static_cast<int>(i < split ? i / (least + 1) : more + (i - split) / least);
  }
};

}  // namespace goracs
