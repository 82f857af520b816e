#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "model/prefix_cache.hpp"

namespace goracs {

/// p(class | prompt) in double: the softmax over the logits of the classes' first tokens at the token that predicts the answer.
///   prompts (B): ids up to and including that token, all beginning with the cached prefix     class_tokens (K)     ->  (B, K)
Matrix<double> class_probabilities(const Llama& model, const Adapter* adapter, const PrefixCache& prefix,
                                   std::span<const std::span<const std::int32_t>> prompts, const std::vector<std::int64_t>& class_tokens);

}  // namespace goracs
