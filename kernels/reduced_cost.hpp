#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace goracs::cpu {

/// Pricing of a transport's rows: how far below the row's own dual the cheapest arc lies.
///   cost        (cols) float32, multiples of 2^-40
///   column_dual (cols) double, multiples of 2^-40 below 2^12 in size: every difference is exact, so is the minimum, in any order.

/// min over j of cost[j] - column_dual[j]; cols >= 1. Reads 12 * cols bytes.
double least_difference(std::span<const float> cost, std::span<const double> column_dual);

/// min over p of cost[p] - column_dual[column[p]]; at least one entry. The same of a short list of arcs.
double least_difference(std::span<const float> cost, std::span<const std::int32_t> column, std::span<const double> column_dual);

/// difference[j] = cost[j] - column_dual[j].
void differences(std::span<const float> cost, std::span<const double> column_dual, std::span<double> difference);

/// Appends every j with cost[j] - column_dual[j] < limit, ascending.
void columns_below(std::span<const float> cost, std::span<const double> column_dual, double limit, std::vector<std::int32_t>& columns);

}  // namespace goracs::cpu

namespace goracs::cuda {

/// least[i] = least_difference(row i, column_dual), as above, for all rows at once: `cost` (rows) points to rows of column_dual.size() costs.
void least_difference(std::span<const float* const> cost, std::span<const double> column_dual, std::span<double> least);

}  // namespace goracs::cuda
