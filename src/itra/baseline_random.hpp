#pragma once

#include <cstdint>
#include <vector>

#include "itra/label_enhanced.hpp"

namespace goracs::itra {

/// Method `random`: `rows.budget` distinct rows, every set of them equally likely, the same for any ranks: the rows of smallest Philox number
/// of (seed, global row). Rows within the class, ascending.
std::vector<std::int64_t> random_coreset(const ClassRows& rows, std::uint64_t seed);

}  // namespace goracs::itra
