#pragma once

#include <limits>

namespace goracs::itra {

/// SPEC 5: POO / bound - 1 for a bound above 0; 0 where they are equal; else NaN.
inline double certified_gap(double poo_score, double lower_bound) {
  if (lower_bound > 0) return poo_score / lower_bound - 1;
  return poo_score == lower_bound ? 0 : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace goracs::itra
