#pragma once

#include <torch/types.h>

#include <span>

#include "model/llama.hpp"
#include "model/token_batch.hpp"
#include "train/training_sample.hpp"

namespace goracs {

/// The labelled tokens of a batch: which rows of the flattened hidden states (B * T, H) predict them, which tokens they are, and whose.
struct LabelledRows {
  at::Tensor rows;                   ///< (n) int64
  at::Tensor targets;                ///< (n) int64
  std::vector<std::int64_t> sample;  ///< (n), ascending
};

/// Token t >= first_label is predicted by the row before it; one at t = 0 only where padding stands in front of it (`label_first`).
LabelledRows labelled_rows(const TokenBatch& batch, std::span<const TrainingSample* const> samples);

/// Cross-entropies of rows of final hidden states, and their gradients by those rows.
struct TokenLosses {
  at::Tensor loss;      ///< (n) float32
  at::Tensor gradient;  ///< (n, H) in the model's dtype; undefined unless asked for
};

/// loss[k] = logsumexp(W h_k) - (W h_k)[target_k],   gradient[k] = W^T (softmax(W h_k) - e_target)
/// The head is frozen, so its backward pass needs no graph: blocks of rows go through logits, loss and gradient at once, and no more than
/// one block of logits (256 x V) is ever held.
TokenLosses token_losses(const Llama& model, const at::Tensor& hidden, const at::Tensor& targets, bool with_gradient);

}  // namespace goracs
