#pragma once

#include <span>

namespace goracs {

/// A metric with its standard error; NaN where it is not defined (written as null).
struct Estimate {
  double value;
  double standard_error;
};

/// Mean of per-sample values; standard error s / sqrt(n), s^2 = sum (v - mean)^2 / (n - 1). NaN for no value, NaN error for one.
Estimate mean_of(std::span<const double> values);

}  // namespace goracs
