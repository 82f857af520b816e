#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "itra/cost_rows.hpp"
#include "itra/fetched_rows.hpp"
#include "itra/lower_bound.hpp"
#include "itra/transport.hpp"

namespace goracs::itra {

/// A relaxed transport (transport.hpp) with the pool rows in its slots.
struct RelaxedTransport {
  std::vector<std::int64_t> rows;  ///< of the slots; global
  Transport transport;
};

/// Column duals to begin with: for each column one of its least costs over a sample of the pool, about the cost of the row that would serve
/// it if every row served M / n columns. Collective.
std::vector<double> opening_duals(const CostRows& cost, std::int64_t budget, FetchedRows& fetched);

/// The transport of the pool in which every row may supply up to 1/n (SELECTION, "Start"). Few rows are active, so rows are generated: those of
/// smallest tight score at the duals at hand, again and again until none is new. Ends after kRounds rounds at the latest, so the value is one
/// of enough rows, not of all. Collective; the same on every rank.
RelaxedTransport relax(const CostRows& cost, std::int64_t budget, std::span<const double> column_dual, LowerBound& bound,
                       FetchedRows& fetched);

/// The relaxed transport of these rows (global, the same on every rank, n at least). Collective.
RelaxedTransport relax_rows(std::vector<std::int64_t> rows, const CostRows& cost, std::int64_t budget, FetchedRows& fetched);

}  // namespace goracs::itra
