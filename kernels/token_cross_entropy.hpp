#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.hpp"

namespace goracs {

/// The label of a token that predicts nothing.
inline constexpr std::int32_t kNoLabel = -100;

// loss[i] = log(sum_j exp(logits[i, j])) - logits[i, label[i]],   0 where label[i] is kNoLabel
//   logits  (rows, vocabulary) float32, finite        label  (rows) int32 below vocabulary        loss  (rows) float32
// Exponentials of logits less the row's largest. Device and CPU differ by at most (vocabulary / 128 + 16) 2^-24, the error of a float32 sum, and
// 2^-23 of the loss.
// Reads 4 rows vocabulary bytes twice (the second time from the second-level cache): memory bound.

namespace cpu {
void token_cross_entropy(MatrixView<const float> logits, std::span<const std::int32_t> label, std::span<float> loss);
}  // namespace cpu

namespace cuda {
void token_cross_entropy(MatrixView<const float> logits, std::span<const std::int32_t> label, std::span<float> loss);
}  // namespace cuda

}  // namespace goracs
