#include "kernels/lowest_sum.hpp"

#include <algorithm>
#include <vector>

#include "kernels/normalise_cost.hpp"

namespace goracs::cpu {
namespace {

constexpr int kLowBits = 32;
constexpr std::int64_t kLowMask = (std::int64_t{1} << kLowBits) - 1;

LowestSum lowest_of(std::span<const float> cost, std::span<const double> potential, int sign, std::int64_t count,
                    std::vector<std::int64_t>& differences) {
  differences.resize(cost.size());
  for (std::size_t j = 0; j < cost.size(); ++j)
    differences[j] = sign * static_cast<std::int64_t>((static_cast<double>(cost[j]) - potential[j]) / kCostUnit);
  const auto last = differences.begin() + (count - 1);
  std::nth_element(differences.begin(), last, differences.end());
  LowestSum lowest{*last, 0, 0};
  for (auto e = differences.begin(); e <= last; ++e) {
    lowest.high += *e >> kLowBits;
    lowest.low += *e & kLowMask;
  }
  return lowest;
}

}  // namespace

void lowest_sum(MatrixView<const float> cost, std::span<const std::int64_t> rows, std::span<const double> potential, int sign,
                std::int64_t count, std::span<LowestSum> lowest) {
#pragma omp parallel
  {
    std::vector<std::int64_t> differences;
#pragma omp for schedule(static)
    for (std::size_t k = 0; k < rows.size(); ++k) lowest[k] = lowest_of(cost.row(rows[k]), potential, sign, count, differences);
  }
}

}  // namespace goracs::cpu
