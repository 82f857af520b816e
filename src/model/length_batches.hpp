#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace goracs {

/// Sequences of similar length together: indices by descending length (equal lengths in order), cut so that a batch, padded to its longest,
/// holds at most `batch_tokens` tokens (one sequence at least). A function of the lengths alone: the same for any number of ranks.
///   lengths {3, 9, 4, 9}, 18 tokens   ->   {1, 3} {2, 0}
std::vector<std::vector<std::int64_t>> length_batches(std::span<const std::int64_t> lengths, std::int64_t batch_tokens);

}  // namespace goracs
