#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "comm/communicator.hpp"
#include "itra/cost_rows.hpp"
#include "itra/pruning.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// In which order pairs are tried: the worst row of the coreset first, or the k-th worst, as the authors' code does (SPEC 6).
enum class PairOrder { kBestFirst, kReference };

/// How rows are exchanged, and when it ends.
struct ExchangeRule {
  PruningRule pruning;
  PairOrder pair_order = PairOrder::kBestFirst;
  std::int64_t max_exchanges = 0;
  double time_limit = 0;  ///< seconds; 0: none
  double gap = 0;         ///< ends once value / bound - 1 is at most this; 0: never

  static ExchangeRule of(const SelectConfig& config, std::int64_t budget);
};

/// How the caller follows, saves and bounds a refinement. All of it is called on every rank at the same places.
struct ExchangeEvents {
  /// After the first solve and after each exchange; true ends the refinement ("stopped").
  std::function<bool(std::int64_t done, double value)> step;
  /// Before each exchange; `state` gives what a later refinement can go on from, the same bytes on every rank.
  std::function<void(const std::function<std::string()>& state)> checkpoint;
  /// What such a state said: the refinement goes on as the other one would have. The coreset is then the state's.
  std::optional<std::string> resume_from;
  /// A lower bound for every coreset of this size from column duals (collective); asked for where `gap` is set.
  std::function<double(const std::vector<double>& column_dual)> lower_bound;
};

/// A coreset after exchanges, with the duals of its transport.
struct Refinement {
  std::vector<std::int64_t> coreset;  ///< (n) pool rows, an exchanged one in the place of the one it replaced
  std::vector<ExchangeRecord> trace;
  double first_value = 0, value = 0;  ///< POO before and after
  std::vector<double> row_dual, column_dual;
  std::string stop_reason;              ///< local_optimum, max_exchanges, time_limit, gap or stopped
  double lower_bound = 0;               ///< the best of events.lower_bound; -inf without
  std::int64_t transport_solves = 0;    ///< the first one, and pairs tried up to each accepted one
  std::int64_t bytes_per_exchange = 0;  ///< sent by this rank, mean over the accepted exchanges
};

/// Algorithm 1, stage 2: exchanges one row at a time while that lowers POO. The first pair, in pair order, of strictly smaller value is
/// taken; without a time limit the result is the same for any ranks and threads. Collective.
///
/// Every rank solves the same transports: what is sent per exchange are the candidates and the cost rows of the pairs tried (4 M bytes
/// each). Once the first pair has failed, each rank tries another one:
///   3 ranks:   pair 0 by all   pairs 1 2 3 one each: 1 no, 2 yes, 3 yes   ->   2 is taken, all solve it
Refinement refine(const CostRows& cost, std::vector<std::int64_t> coreset, const ExchangeRule& rule, Communicator& world,
                  const ExchangeEvents& events = {});

}  // namespace goracs::itra
