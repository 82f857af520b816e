#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/int128.hpp"
#include "comm/communicator.hpp"
#include "itra/column_potential.hpp"
#include "itra/exchange_score.hpp"

namespace goracs::itra {

/// Whether the column potential that a row of the coreset is scored at leaves the row itself out (SPEC 6), or not, as in the authors' code.
enum class InnerPotential { kExcludeSelf, kReference };

/// F of every row of the coreset (n), exact, the same on every rank. Each rank scores its share of the slots. Collective.
///   costs (n) rows of M
std::vector<Int128> inner_scores(std::span<const float* const> costs, const ColumnPotential& potential, const ExchangeScore& score,
                                 InnerPotential inner_potential, Communicator& world);

}  // namespace goracs::itra
