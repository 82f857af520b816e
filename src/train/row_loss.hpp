#pragma once

#include <torch/types.h>

#include "model/llama.hpp"
#include "train/sample_batch.hpp"

namespace goracs {

/// Cross-entropies of predicting rows (n), and their gradients by those rows.
struct RowLosses {
  at::Tensor loss;      ///< (n) float32
  at::Tensor gradient;  ///< (n, H) float32; undefined unless asked for
};

/// With W the head (kClasses: its rows of the class tokens),
///   loss[k] = logsumexp(W h_k) - (W h_k)[target_k],   gradient[k] = W^T (softmax(W h_k) - e_target)
/// The head is frozen, so its backward pass needs no graph: blocks of rows go through logits, loss and gradient at once, and no more than
/// one block of logits (256 x V) is ever held.
RowLosses row_losses(const Llama& model, const PredictingRows& rows, const LossSettings& loss, bool with_gradient);

}  // namespace goracs
