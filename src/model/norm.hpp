#pragma once

#include <torch/types.h>

namespace goracs {

/// x / sqrt(mean(x^2) + eps) in float32 over the last axis, rounded to x's type, times weight (H) (Zhang and Sennrich, arXiv 1910.07467).
/// The weight is frozen: under autograd only x gets a gradient.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

}  // namespace goracs
