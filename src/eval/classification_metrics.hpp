#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.hpp"
#include "eval/estimate.hpp"

namespace goracs {

/// Area under the ROC curve of scores for label 1 against 0, tied pairs counting one half; NaN when one class is missing.
/// Standard error by DeLong, DeLong and Clarke-Pearson (Biometrics 1988): with V(i) the share of the other class that sample i is ordered
/// rightly against (ties one half), var = S1 / n1 + S0 / n0, S the sample variance of V in each class; NaN when a class has one sample.
/// O(n log n).
Estimate roc_auc(std::span<const std::int64_t> labels, std::span<const double> scores);

/// Mean of -ln p of the true class, p clipped to [eps, 1 - eps], eps = 2^-52; standard error of a mean.
///   scores (n): p of label 1; the other class has 1 - p, after clipping
Estimate log_loss(std::span<const std::int64_t> labels, std::span<const double> scores);
///   probability (n, K)
Estimate log_loss(std::span<const std::int64_t> labels, MatrixView<const double> probability);

/// Share of samples whose most probable class (ties: the lowest) is the true one; standard error of a mean.
Estimate accuracy(std::span<const std::int64_t> labels, MatrixView<const double> probability);

/// Mean over the classes of the AUC of that class against the rest; classes without both sides are left out, NaN when none remains.
/// Standard error: DeLong's, the influences of one sample on all classes' AUCs averaged before squaring (their errors are not independent).
Estimate macro_roc_auc(std::span<const std::int64_t> labels, MatrixView<const double> probability);

/// How many of the classes 0 .. num_classes - 1 occur among the labels.
std::int64_t classes_present(std::span<const std::int64_t> labels, std::int64_t num_classes);

}  // namespace goracs
