#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "comm/communicator.hpp"
#include "itra/class_selection.hpp"
#include "itra/cost_rows.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// What `select.method: relaxed` chose, with its certificate. The same on every rank.
struct RelaxedSelection {
  std::vector<std::int64_t> coreset;  ///< (n) pool rows, ascending
  std::vector<ExchangeRecord> trace;  ///< of the exchanges at the end
  double greedy_value = 0;            ///< POO of the greedy coreset, which is never better
  double start_value = 0;             ///< before the exchanges
  double value = 0;                   ///< POO
  double lower_bound = 0;             ///< holds for every coreset of n rows
  std::string stop_reason;            ///< proven_optimal, gap, local_optimum, max_exchanges, time_limit or stopped
  std::int64_t ascent_phases = 0;     ///< of the bound
  std::int64_t rows_proven_out = 0;   ///< that are in no coreset as good as the one the proof knew (fixing)
  std::int64_t transport_solves = 0;
  std::int64_t bytes_per_exchange = 0;
  std::vector<double> dual;  ///< where the bound was attained: (M), then the prices of its cuts
};

/// Chooses n rows with a bound on how much better any n rows could be (SELECTION, "A lower bound for every coreset, and a far better start"):
/// relaxed transport of the pool, its rounding or `greedy`, whichever is better; ascent of the bound, with the coresets found on the way;
/// exchanges from the best of them. config: budget is not read (greedy.size() is n); gap, time_limit, max_exchanges, exchange_candidates and the
/// pruning variants are. Without a time limit the result depends on neither ranks nor threads; with one it ends after a whole step.
/// events: phases "ascent" and "exchanges"; checkpoints between exchanges. Collective.
RelaxedSelection choose_relaxed(const CostRows& cost, std::span<const std::int64_t> greedy, const SelectConfig& config, Communicator& world,
                                const ClassEvents& events = {});

}  // namespace goracs::itra
