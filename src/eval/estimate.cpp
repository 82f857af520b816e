#include "eval/estimate.hpp"

#include <cmath>
#include <limits>

namespace goracs {

Estimate mean_of(std::span<const double> values) {
  constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double v : values) sum += v;
  const double mean = sum / n;  // NaN for no value
  if (values.size() < 2) return {mean, kUndefined};
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares / (n - 1) / n)};
}

}  // namespace goracs
