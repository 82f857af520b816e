#include "kernels/reduced_cost.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/instruction_set.hpp"

namespace goracs::cpu {
namespace {

/// Independent partial minima: as many as the widest registers hold, four times over.
constexpr std::int64_t kLanes = 32;

}  // namespace

GORACS_VECTORISED
double least_difference(std::span<const float> cost, std::span<const double> column_dual) {
  const float* c = cost.data();
  const double* v = column_dual.data();
  const auto cols = static_cast<std::int64_t>(cost.size());
  std::array<double, kLanes> least;
  for (double& lane : least) lane = std::numeric_limits<double>::max();
  std::int64_t j = 0;
  for (; j + kLanes <= cols; j += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const double difference = static_cast<double>(c[j + lane]) - v[j + lane];
      least[static_cast<std::size_t>(lane)] =
          difference < least[static_cast<std::size_t>(lane)] ? difference : least[static_cast<std::size_t>(lane)];
    }
  double minimum = *std::min_element(least.begin(), least.end());
  for (; j < cols; ++j) minimum = std::min(minimum, static_cast<double>(c[j]) - v[j]);
  return minimum;
}

GORACS_VECTORISED
double least_difference(std::span<const float> cost, std::span<const std::int32_t> column, std::span<const double> column_dual) {
  constexpr std::int64_t kListLanes = 8;
  const float* c = cost.data();
  const std::int32_t* index = column.data();
  const double* v = column_dual.data();
  const auto length = static_cast<std::int64_t>(cost.size());
  std::array<double, kListLanes> least;
  for (double& lane : least) lane = std::numeric_limits<double>::max();
  std::int64_t p = 0;
  for (; p + kListLanes <= length; p += kListLanes)
    for (std::int64_t lane = 0; lane < kListLanes; ++lane) {
      const double difference = static_cast<double>(c[p + lane]) - v[index[p + lane]];
      least[static_cast<std::size_t>(lane)] =
          difference < least[static_cast<std::size_t>(lane)] ? difference : least[static_cast<std::size_t>(lane)];
    }
  double minimum = *std::min_element(least.begin(), least.end());
  for (; p < length; ++p) minimum = std::min(minimum, static_cast<double>(c[p]) - v[index[p]]);
  return minimum;
}

GORACS_VECTORISED
void differences(std::span<const float> cost, std::span<const double> column_dual, std::span<double> difference) {
  const float* c = cost.data();
  const double* v = column_dual.data();
  double* out = difference.data();
  for (std::size_t j = 0; j < cost.size(); ++j) out[j] = static_cast<double>(c[j]) - v[j];
}

void columns_below(std::span<const float> cost, std::span<const double> column_dual, double limit, std::vector<std::int32_t>& columns) {
  for (std::size_t j = 0; j < cost.size(); ++j)
    if (static_cast<double>(cost[j]) - column_dual[j] < limit) columns.push_back(static_cast<std::int32_t>(j));
}

}  // namespace goracs::cpu
