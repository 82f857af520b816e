#include "itra/exchange.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

#include "itra/fetched_rows.hpp"
#include "itra/transport.hpp"

namespace goracs::itra {
namespace {

/// A slot of the coreset and the pool row that may take it.
struct Pair {
  std::int64_t slot, outer;
};

/// What a saved state begins with; the coreset, the trace and the transport follow.
struct StateHead {
  std::int64_t rows = 0, exchanges = 0, trials = 0;
  double first_value = 0, lower_bound = 0, seconds = 0;
};

class Refiner {
 public:
  Refiner(const CostRows& cost, std::vector<std::int64_t> coreset, const ExchangeRule& rule, Communicator& world,
          const ExchangeEvents& events)
      : cost_(cost),
        rule_(rule),
        world_(world),
        events_(events),
        rows_(cost, world),
        pruning_(cost, rule.pruning, world),
        transport_(events.resume_from ? resumed(*events.resume_from) : solved(std::move(coreset))) {}

  Refinement run() {
    const std::int64_t bytes_before = world_.bytes_sent();
    const std::size_t exchanges_before = found_.trace.size();
    while (goes_on()) {
      if (events_.checkpoint) events_.checkpoint([this] { return state(); });
      if (const std::optional<Pair> exchanged = exchange_first_improving(pairs_to_try())) record(*exchanged);
    }
    if (const std::size_t exchanges = found_.trace.size() - exchanges_before; exchanges > 0)
      found_.bytes_per_exchange = (world_.bytes_sent() - bytes_before) / static_cast<std::int64_t>(exchanges);
    found_.value = transport_.value();
    found_.row_dual = transport_.row_dual();
    found_.column_dual = transport_.column_dual();
    found_.lower_bound = lower_bound_;
    return std::move(found_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  Transport solved(std::vector<std::int64_t> coreset) {
    found_.coreset = std::move(coreset);
    rows_.fetch(found_.coreset);
    Transport transport = Transport::solve(rows_.rows(found_.coreset), cost_.num_valid());
    found_.first_value = transport.value();
    found_.transport_solves = 1;
    return transport;
  }

  bool goes_on() {
    if (!found_.stop_reason.empty()) return false;
    const auto done = static_cast<std::int64_t>(found_.trace.size());
    if (events_.step && events_.step(done, transport_.value()))
      found_.stop_reason = "stopped";
    else if (done >= rule_.max_exchanges)
      found_.stop_reason = "max_exchanges";
    else if (is_close_enough())
      found_.stop_reason = "gap";
    else if (is_out_of_time())
      found_.stop_reason = "time_limit";
    return found_.stop_reason.empty();
  }

  bool is_close_enough() {
    if (rule_.gap == 0 || !events_.lower_bound) return false;
    lower_bound_ = std::max(lower_bound_, events_.lower_bound(transport_.column_dual()));
    return lower_bound_ > 0 && transport_.value() / lower_bound_ - 1 <= rule_.gap;
  }

  /// Steps 1 to 3 of SPEC 6: the candidates, and the order in which their pairs are tried.
  std::vector<Pair> pairs_to_try() {
    Candidates candidates =
        pruning_.candidates(found_.coreset, rows_.rows(found_.coreset), transport_.row_dual(), transport_.column_dual());
    if (rule_.pair_order == PairOrder::kReference) std::sort(candidates.inner.begin(), candidates.inner.end());
    std::vector<Pair> pairs;
    for (const RowWithScore& inner : candidates.inner) {
      const std::int64_t slot = std::find(found_.coreset.begin(), found_.coreset.end(), inner.row) - found_.coreset.begin();
      for (const RowWithScore& outer : candidates.outer) pairs.push_back({slot, outer.row});
    }
    return pairs;
  }

  /// Step 4: the first pair, which mostly improves, by all ranks alike; then as many at a time as there are ranks.
  std::optional<Pair> exchange_first_improving(std::span<const Pair> pairs) {
    for (std::size_t begin = 0, together = 1; begin < pairs.size(); begin += together) {
      if (begin > 0) together = std::min(static_cast<std::size_t>(world_.size()), pairs.size() - begin);
      if (is_out_of_time()) {
        found_.stop_reason = "time_limit";
        return std::nullopt;
      }
      const std::span<const Pair> tried = pairs.subspan(begin, together);
      if (const std::optional<std::size_t> first = first_improving(tried)) return tried[*first];
    }
    found_.stop_reason = "local_optimum";
    return std::nullopt;
  }

  /// Makes the first of these exchanges that improves, on every rank, and says which it was.
  std::optional<std::size_t> first_improving(std::span<const Pair> pairs) {
    std::vector<std::int64_t> outer;
    for (const Pair& pair : pairs) outer.push_back(pair.outer);
    rows_.fetch(outer);
    const auto count = static_cast<std::int64_t>(pairs.size()), own = static_cast<std::int64_t>(world_.rank());
    std::int64_t first = count;
    if (count == 1) {
      if (transport_.exchange_if_better(pairs[0].slot, rows_.row(pairs[0].outer))) first = 0;
    } else {
      const auto mine = static_cast<std::size_t>(own);
      const bool improves = own < count && transport_.is_better(pairs[mine].slot, rows_.row(pairs[mine].outer));
      first = world_.all_reduce(improves ? own : count, ReduceOp::kMin);
      const auto taken = static_cast<std::size_t>(first);
      if (first < count) transport_.exchange(pairs[taken].slot, rows_.row(pairs[taken].outer));
    }
    found_.transport_solves += std::min(first + 1, count);
    return first < count ? std::optional(static_cast<std::size_t>(first)) : std::nullopt;
  }

  void record(const Pair& pair) {
    std::int64_t& place = found_.coreset[static_cast<std::size_t>(pair.slot)];
    found_.trace.push_back({place, pair.outer, transport_.value(), seconds()});
    place = pair.outer;
    rows_.keep_only(found_.coreset);
  }

  /// Since the refinement began, the same on every rank.
  double seconds() {
    return world_.all_reduce(seconds_before_ + std::chrono::duration<double>(Clock::now() - begin_).count(), ReduceOp::kMax);
  }
  bool is_out_of_time() { return rule_.time_limit > 0 && seconds() >= rule_.time_limit; }

  std::string state() {
    const StateHead head{static_cast<std::int64_t>(found_.coreset.size()),
                         static_cast<std::int64_t>(found_.trace.size()),
                         found_.transport_solves,
                         found_.first_value,
                         lower_bound_,
                         seconds()};
    std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
    bytes.append(reinterpret_cast<const char*>(found_.coreset.data()), sizeof(std::int64_t) * found_.coreset.size());
    bytes.append(reinterpret_cast<const char*>(found_.trace.data()), sizeof(ExchangeRecord) * found_.trace.size());
    return bytes + transport_.save();
  }

  Transport resumed(const std::string& saved) {
    StateHead head;
    std::memcpy(&head, saved.data(), sizeof head);
    const char* bytes = saved.data() + sizeof head;
    found_.coreset.resize(static_cast<std::size_t>(head.rows));
    std::memcpy(found_.coreset.data(), bytes, sizeof(std::int64_t) * found_.coreset.size());
    bytes += sizeof(std::int64_t) * found_.coreset.size();
    found_.trace.resize(static_cast<std::size_t>(head.exchanges));
    std::memcpy(found_.trace.data(), bytes, sizeof(ExchangeRecord) * found_.trace.size());
    bytes += sizeof(ExchangeRecord) * found_.trace.size();
    found_.first_value = head.first_value;
    found_.transport_solves = head.trials;
    lower_bound_ = head.lower_bound;
    seconds_before_ = head.seconds;
    rows_.fetch(found_.coreset);
    return Transport::restore(rows_.rows(found_.coreset), std::string(bytes, saved.data() + saved.size()));
  }

  const CostRows& cost_;
  const ExchangeRule& rule_;
  Communicator& world_;
  const ExchangeEvents& events_;
  FetchedRows rows_;
  Pruning pruning_;
  Refinement found_;
  double lower_bound_ = -std::numeric_limits<double>::infinity();
  double seconds_before_ = 0;
  Clock::time_point begin_ = Clock::now();
  Transport transport_;
};

}  // namespace

ExchangeRule ExchangeRule::of(const SelectConfig& config, std::int64_t budget) {
  ExchangeRule rule;
  rule.pruning.budget = budget;
  rule.pruning.candidates = config.exchange_candidates;
  rule.pruning.order_statistic = config.order_statistic == "reference" ? OrderStatistic::kReference : OrderStatistic::kSmallest;
  rule.pruning.inner_potential = config.inner_potential == "reference" ? InnerPotential::kReference : InnerPotential::kExcludeSelf;
  rule.pair_order = config.pair_order == "reference" ? PairOrder::kReference : PairOrder::kBestFirst;
  rule.max_exchanges = config.max_exchanges;
  rule.time_limit = config.time_limit;
  rule.gap = config.gap;
  return rule;
}

Refinement refine(const CostRows& cost, std::vector<std::int64_t> coreset, const ExchangeRule& rule, Communicator& world,
                  const ExchangeEvents& events) {
  return Refiner(cost, std::move(coreset), rule, world, events).run();
}

}  // namespace goracs::itra
