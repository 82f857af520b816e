#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "eval/beam_search.hpp"

namespace goracs {

/// The best `count` candidates of each of N searches, as goracs::best_candidates gives them of one: best first, ties to the lower (beam, token).
///   logits  (N, W, V) of any floating-point type and device     running[n]: scores so far of search n's beams, at most W; none: it is left out
/// From a device only the candidates come to the host, not the logits.
std::vector<std::vector<BeamCandidate>> best_candidates(const at::Tensor& logits, std::span<const std::vector<float>> running,
                                                        std::int64_t count);

}  // namespace goracs
