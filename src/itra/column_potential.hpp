#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace goracs::itra {

/// Column potentials of a coreset with duals x (SPEC 6):  f_j = min over i in S of (C_ij - x_i), and the second smallest, which is f_j as row
/// i sees it that attains the minimum and leaves itself out.
struct ColumnPotential {
  std::vector<double> first, second;  ///< (M); second of one row: first
  std::vector<std::int32_t> owner;    ///< (M) the lowest slot that attains first

  /// costs (n) rows of M; row_dual (n) multiples of 2^-40. Reads the rows once.
  static ColumnPotential of(std::span<const float* const> costs, std::span<const double> row_dual, std::int64_t num_valid);
};

}  // namespace goracs::itra
