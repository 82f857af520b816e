#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/llama.hpp"
#include "model/token_batch.hpp"

namespace goracs {

/// Dropout of the LoRA inputs, each number drawn by a counter-based generator from (seed, name of the sequence, layer, module, token,
/// component): the same whatever the rank, the padding or the other sequences of the batch, and again when a checkpointed layer is computed
/// a second time.
///   names (B): what identifies each sequence of the batch, such as "step 12 micro-batch 3 row 0"
/// A component is dropped with probability round(p 2^16) / 2^16 (16 bits a draw), else divided by 1 - p. No dropout (an empty function)
/// for p = 0.
LoraDropout keyed_dropout(double p, std::uint64_t seed, std::vector<std::string> names, const TokenBatch& batch);

}  // namespace goracs
