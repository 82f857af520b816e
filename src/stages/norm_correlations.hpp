#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "artifact/h5.hpp"

namespace goracs {

/// How the gradient norms follow what they should not: an untuned model says the same to everything, so that for answers of one token the norm
/// is nearly 1 - p(true class), and a large one marks the rarer class.
struct NormCorrelations {
  static constexpr double kFollows = 0.5;  ///< from this correlation on, the norm follows the label

  std::vector<std::string> class_names;
  std::vector<double> with_class;  ///< of each class: with being of it; NaN when nothing varies
  double with_one_minus_p = 0;     ///< with 1 - exp(-loss)
  double inside_classes = 0;       ///< the same, mean over the classes weighted by their rows; for SeqRec equal to it

  static NormCorrelations of(std::span<const double> norm, std::span<const double> loss, std::span<const std::int32_t> label,
                             const std::vector<std::string>& class_names);
  /// The class with the largest correlation in size, -1 when none reaches kFollows.
  std::int64_t followed_class() const;
  void report() const;
  /// Attributes of /gradient_norm and /class/{name,correlation}.
  void write(H5File& file) const;
  static NormCorrelations read(const H5File& file);
};

}  // namespace goracs
