#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

namespace goracs {

/// Activation checkpointing (Chen et al., arXiv 1604.06174): step(x) whose inside is not kept for the backward pass but computed again there.
/// `parameters` are the leaves inside `step` that get gradients; step must give the same numbers both times.
at::Tensor checkpointed(const std::function<at::Tensor(const at::Tensor&)>& step, const at::Tensor& x,
                        const std::vector<at::Tensor>& parameters);

}  // namespace goracs
