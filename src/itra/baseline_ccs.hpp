#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "itra/label_enhanced.hpp"

namespace goracs::itra {

/// Method `ccs`: stratified sampling by importance of Zheng, Liu, Lai, Prakash, "Coverage-centric Coreset Selection for High Pruning Rates"
/// (ICLR 2023), Algorithm 1, with the gradient norm as the score. The hardest tenth of the rows (highest norms; fewer when the budget needs
/// them) is cut off; the range of the others' norms is divided into 50 strata of equal width; from the smallest stratum to the largest, each
/// gives an equal share of what is still to be chosen, or all it has, drawn at random. gradient_norm: (N) of the whole pool. `seed` draws; the same
/// for any ranks. Rows within the class, ascending.
std::vector<std::int64_t> ccs_coreset(const ClassRows& rows, std::span<const double> gradient_norm, std::uint64_t seed);

}  // namespace goracs::itra
