#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "itra/label_enhanced.hpp"

namespace goracs::itra {

/// Method `random`: `rows.budget` distinct rows of the class, every set of them equally likely. Rows within the class, ascending.
std::vector<std::int64_t> random_coreset(const ClassRows& rows, std::uint64_t seed);

/// `count` of `candidates` (rows within the class), every set of them equally likely: those whose Philox numbers of (seed, stream, global row) are
/// smallest, so that the draw depends on no order, rank or thread. Ascending.
std::vector<std::int64_t> drawn(const ClassRows& rows, const std::vector<std::int64_t>& candidates, std::int64_t count, std::uint64_t seed,
                                std::string_view stream);

}  // namespace goracs::itra
