#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/int128.hpp"
#include "comm/communicator.hpp"
#include "itra/column_potential.hpp"
#include "itra/coreset_columns.hpp"
#include "itra/exchange_score.hpp"

namespace goracs::itra {

/// Whether the column potential that a row of the coreset is scored at leaves the row itself out (SPEC 6), or not, as in the authors' code.
enum class InnerPotential { kExcludeSelf, kReference };

/// F of every row of the coreset (n), exact, the same on every rank. Each rank scores its share of the slots. Collective.
///   costs (n) rows of M
std::vector<Int128> inner_scores(std::span<const float* const> costs, const ColumnPotential& potential, const ExchangeScore& score,
                                 InnerPotential inner_potential, Communicator& world);

/// The `count` rows of the coreset of largest F, largest first (ties: lower row), at the optimum of its transport and for the smallest order
/// statistic. Then f is the column duals, F at it is x_i / n, and leaving a row itself out only lowers its F: rows are scored in the order
/// of that bound until no other one can be among the largest. The same as by inner_scores.
///   coreset (n) pool rows; columns: their costs; row_dual (n), column_dual (M) optimal
std::vector<RowWithScore> largest_inner_scores(std::span<const std::int64_t> coreset, std::span<const float* const> costs,
                                               const CoresetColumns& columns, std::span<const double> row_dual,
                                               std::span<const double> column_dual, const ExchangeScore& score,
                                               InnerPotential inner_potential, std::int64_t count);

}  // namespace goracs::itra
