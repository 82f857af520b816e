#pragma once

#include <torch/types.h>

#include "kernels/dropout_mask.hpp"

namespace goracs {

// Kernels of ours (kernels/) on tensors of LibTorch's. Those on a GPU are queued on LibTorch's stream, between what LibTorch has queued and what comes next.

/// kernels/masked_mean.hpp, on the host or a GPU, with the same bits.
///   hidden (B, T, H) float32   mask (B, T) bool, of the same device   ->   (B, H) float32
at::Tensor masked_mean(const at::Tensor& hidden, const at::Tensor& mask);

/// kernels/token_cross_entropy.hpp, on a GPU.
///   logits (n, V) floating point   label (n) int64 below V, of the same device   ->   (n) float32
at::Tensor token_cross_entropy(const at::Tensor& logits, const at::Tensor& label);

/// kernels/low_rank_norm.hpp, on a GPU.
///   u (B, T, out), z (B, T, r) float32, of the same device   ->   (B) float64
at::Tensor low_rank_norm(const at::Tensor& u, const at::Tensor& z);

/// kernels/dropout_mask.hpp, on the host or a GPU, with the same bits.
///   draw.key, draw.skipped: on the host   ->   (sequences, columns, width) float32 on `device`
at::Tensor dropout_mask(DropoutDraw draw, at::Device device);

}  // namespace goracs
