#include "itra/column_potential.hpp"

#include <algorithm>
#include <limits>

#include "kernels/instruction_set.hpp"

namespace goracs::itra {
namespace {

/// Columns whose minima stay in the cache while all rows pass.
constexpr std::int64_t kBlock = 512;

struct Minima {
  double first[kBlock], second[kBlock], owner[kBlock];  // owner in double: lanes of one width
};

GORACS_VECTORISED void add_row(const float* cost, double dual, double slot, std::int64_t count, Minima& minima) {
  for (std::int64_t j = 0; j < count; ++j) {
    const double value = static_cast<double>(cost[j]) - dual, first = minima.first[j];
    const bool lower = value < first;
    const double larger = lower ? first : value;
    minima.second[j] = larger < minima.second[j] ? larger : minima.second[j];
    minima.owner[j] = lower ? slot : minima.owner[j];
    minima.first[j] = lower ? value : first;
  }
}

}  // namespace

ColumnPotential ColumnPotential::of(std::span<const float* const> costs, std::span<const double> row_dual, std::int64_t num_valid) {
  ColumnPotential potential;
  potential.first.resize(static_cast<std::size_t>(num_valid));
  potential.second.resize(potential.first.size());
  potential.owner.resize(potential.first.size());
#pragma omp parallel for schedule(static)
  for (std::int64_t begin = 0; begin < num_valid; begin += kBlock) {
    const std::int64_t count = std::min(kBlock, num_valid - begin);
    Minima minima;
    std::fill_n(minima.first, kBlock, std::numeric_limits<double>::max());
    std::fill_n(minima.second, kBlock, std::numeric_limits<double>::max());
    std::fill_n(minima.owner, kBlock, 0.0);
    for (std::size_t slot = 0; slot < costs.size(); ++slot)
      add_row(costs[slot] + begin, row_dual[slot], static_cast<double>(slot), count, minima);
    for (std::int64_t j = 0; j < count; ++j) {
      const auto column = static_cast<std::size_t>(begin + j);
      potential.first[column] = minima.first[j];
      potential.second[column] = costs.size() == 1 ? minima.first[j] : minima.second[j];
      potential.owner[column] = static_cast<std::int32_t>(minima.owner[j]);
    }
  }
  return potential;
}

}  // namespace goracs::itra
