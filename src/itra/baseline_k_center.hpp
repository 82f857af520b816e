#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "comm/communicator.hpp"
#include "itra/label_enhanced.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// Method `k_center`: greedy cover of the pool by the coreset, as in Sener, Savarese, "Active Learning for Convolutional Neural Networks: A
/// Core-Set Approach" (ICLR 2018), Algorithm 1: add the pool row that is farthest from its nearest chosen row (Gonzalez 1985: within twice
/// the smallest possible radius). It looks at the pool alone, not at the validation rows. Starts with the first row of the class; ties go to
/// the lowest row. Distances as in SPEC 5, between pool rows.
///
/// Each rank holds the embeddings of its rows, 4 N d bytes over all ranks, before there are costs:
///   rank 0: (distance 0.7, row 3)   rank 1: (0.9, 12)   ->   row 12; rank 1 broadcasts its embedding (4 d bytes)
/// `step` as in GreedyPass. Rows within the class in the order of adding; none when stopped. Collective.
std::optional<std::vector<std::int64_t>> k_center_coreset(const SelectionInput& input, const ClassRows& rows, Communicator& world,
                                                          const std::function<bool(std::int64_t rows)>& step = {});

}  // namespace goracs::itra
