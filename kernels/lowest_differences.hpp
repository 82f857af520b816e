#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace goracs::cpu {

/// Which columns of a cost row lie lowest below a column potential:   e_j = sign * (cost[j] - potential[j])
///   cost       (cols) float32 in [0, 1], multiples of 2^-40
///   potential  (cols) double, multiples of 2^-40 below 2^12 in size
/// Exact: float32 with a margin decides who is looked at, double (in which every e_j is exact) decides. Reads 4 cols bytes of costs once, and
/// again about the lines that the lowest ones are in.
class LowestDifferences {
 public:
  struct Entry {
    double value;  ///< e_j
    std::int32_t column;
    friend bool operator<(const Entry& a, const Entry& b) { return a.value != b.value ? a.value < b.value : a.column < b.column; }
  };
  /// What one thread needs while it searches.
  struct Workspace {
    std::vector<float> block_minimum;
    std::vector<Entry> lowest;
  };

  /// For the `count` lowest, 1 <= count; sign +1 or -1.
  LowestDifferences(std::int64_t count, int sign) : count_(count), sign_(sign) {}

  void assign(std::span<const double> potential);
  std::span<const double> potential() const noexcept { return potential_; }
  double value(float cost, std::int64_t column) const {
    return sign_ * (static_cast<double>(cost) - potential_[static_cast<std::size_t>(column)]);
  }
  std::int64_t count() const noexcept { return count_; }

  /// workspace.lowest: the min(count, cols) lowest entries, ties to the lower column, in no order but that the highest of them is last.
  void find(std::span<const float> cost, Workspace& workspace) const;

 private:
  void find_candidates(std::span<const float> cost, Workspace& workspace) const;

  std::int64_t count_;
  int sign_;
  std::int64_t num_blocks_ = 0;  ///< column j belongs to block j % num_blocks; 0: no blocks, all columns are candidates
  float margin_ = 0;             ///< e_j in float32 that differ by less may be ordered wrongly
  std::vector<double> potential_;
  std::vector<float> signed_potential_;
};

}  // namespace goracs::cpu
