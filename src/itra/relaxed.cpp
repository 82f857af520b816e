#include "itra/relaxed.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "itra/dual_ascent.hpp"
#include "itra/exchange.hpp"
#include "itra/fixing.hpp"
#include "itra/relaxed_transport.hpp"
#include "itra/rounding.hpp"

namespace goracs::itra {
namespace {

/// A coreset with its exact score.
struct Scored {
  std::vector<std::int64_t> rows;  ///< ascending
  Int128 exact_value;              ///< of its transport
  double value;
};

/// What a saved state begins with; the duals and the state of the exchanges follow.
struct RelaxedStateHead {
  double lower_bound = 0, greedy_value = 0, start_value = 0;
  std::int64_t ascent_phases = 0, rows_proven_out = 0, transport_solves = 0, num_duals = 0;
};

/// Rows, in parts of n, whose relaxed transport is rounded once the ascent has ended: few more than n, as the lowest rows are mostly right.
constexpr double kCoreWidths[] = {1.05, 1.1, 1.2, 1.4};
constexpr std::size_t kMerges = 4;

class RelaxedSearch {
 public:
  RelaxedSearch(const CostRows& cost, std::span<const std::int64_t> greedy, const SelectConfig& config, Communicator& world,
                const ClassEvents& events)
      : cost_(cost),
        budget_(static_cast<std::int64_t>(greedy.size())),
        config_(config),
        world_(world),
        events_(events),
        fetched_(cost, world),
        bound_(cost, budget_, world) {}

  RelaxedSelection run(std::span<const std::int64_t> greedy) {
    if (events_.resume_from) {
      exchange(resumed(*events_.resume_from));
    } else {
      start(greedy);
      climb();
      cut();
      round_core();
      merge();
      exchange(std::nullopt);
    }
    return std::move(chosen_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// The relaxed transport and its rounding; greedy stays in the race.
  void start(std::span<const std::int64_t> greedy) {
    std::vector<std::int64_t> rows(greedy.begin(), greedy.end());
    std::sort(rows.begin(), rows.end());
    const Transport of_greedy = solve(rows);
    offer(std::move(rows), of_greedy);
    chosen_.greedy_value = of_greedy.value();
    first_duals_ = {of_greedy.column_dual(), opening_duals(cost_, budget_, fetched_)};
    if (goes_on()) {
      RelaxedTransport relaxed = relax(cost_, budget_, first_duals_.back(), bound_, fetched_);
      first_duals_.push_back(relaxed.transport.column_dual());
      pool_transport_ = relaxed;
      offer(round_to_coreset(std::move(relaxed)));
    }
    fetched_.keep_only({});
  }

  /// Ascent of the bound; after each phase the n lowest rows are a coreset to look at, and rows may be proven out.
  void climb() {
    const std::int64_t phases_before = chosen_.ascent_phases;
    DualAscent ascent(cost_, budget_, bound_, first_duals_, world_);
    double looked_at = -std::numeric_limits<double>::infinity();
    for (bool rising = true;; rising = ascent.advance(best_->value)) {
      keep_bound(ascent, phases_before);
      if (ascent.bound() > looked_at) {
        looked_at = ascent.bound();
        offer_lowest();
      }
      if (prove(bound_.evaluate(ascent.dual())) || !rising || !goes_on("ascent")) return;
    }
  }

  /// Cuts off what half rows gain between groups of columns, and climbs on.
  void cut() {
    if (!pool_transport_ || !goes_on("cuts")) return;
    bound_.cut(RoundingCuts::between_groups(*pool_transport_, chosen_.dual, cost_, budget_, world_));
    pool_transport_.reset();
    if (bound_.cuts().size() == 0) return;
    first_duals_ = {chosen_.dual};
    first_duals_[0].resize(chosen_.dual.size() + static_cast<std::size_t>(bound_.cuts().size()), 0.0);  // free of charge so far
    climb();
  }

  /// Rounds the relaxed transports of a few more than the n lowest rows, wider ones as long as that helps.
  void round_core() {
    double last = std::numeric_limits<double>::infinity();
    for (const double width : kCoreWidths) {
      const auto count = std::min(cost_.num_train(), static_cast<std::int64_t>(width * static_cast<double>(budget_)) + 1);
      if (!goes_on("rounding")) return;
      std::vector<std::int64_t> rows;
      bound_.evaluate(chosen_.dual);
      for (const RowScore& row : bound_.lowest_rows(count)) rows.push_back(row.row);
      SolvedCoreset rounded = round_to_coreset(relax_rows(std::move(rows), cost_, budget_, fetched_));
      const double value = rounded.transport.value();
      offer(std::move(rounded));
      if (value > last) return;
      last = value;
    }
  }

  /// Rows that good coresets share are mostly right: rounds the relaxed transport of what the best has and the next best ones have.
  void merge() {
    const std::vector<Scored> others(found_.begin() + 1,
                                     found_.begin() + static_cast<std::ptrdiff_t>(std::min(found_.size(), kMerges + 1)));
    for (const Scored& other : others) {
      if (!goes_on("merging")) break;
      std::vector<std::int64_t> both;
      std::set_union(best_->rows.begin(), best_->rows.end(), other.rows.begin(), other.rows.end(), std::back_inserter(both));
      offer(round_to_coreset(relax_rows(std::move(both), cost_, budget_, fetched_)));
    }
    fetched_.keep_only({});
  }

  void exchange(const std::optional<std::string>& resume_from) {
    if (!chosen_.stop_reason.empty()) {
      chosen_.coreset = best_->rows;
      chosen_.value = chosen_.start_value = best_->value;
      return;
    }
    ExchangeRule rule = ExchangeRule::of(config_, budget_);
    if (rule.time_limit > 0) rule.time_limit = std::max(rule.time_limit - seconds(), std::numeric_limits<double>::min());
    ExchangeEvents events;
    events.resume_from = resume_from;
    if (events_.step)
      events.step = [this](std::int64_t done, double value) { return events_.step("exchanges", done, config_.max_exchanges, value); };
    if (events_.checkpoint)
      events.checkpoint = [this](const std::function<std::string()>& state) { events_.checkpoint([&] { return head() + state(); }); };
    events.lower_bound = [this](const std::vector<double>&) { return chosen_.lower_bound; };
    if (best_) chosen_.start_value = best_->value;
    Refinement refined = refine(cost_, best_ ? best_->rows : std::vector<std::int64_t>(), rule, world_, events);
    std::sort(refined.coreset.begin(), refined.coreset.end());
    chosen_.coreset = std::move(refined.coreset);
    chosen_.trace = std::move(refined.trace);
    chosen_.value = refined.value;
    chosen_.stop_reason = std::move(refined.stop_reason);
    chosen_.transport_solves += refined.transport_solves;
    chosen_.bytes_per_exchange = refined.bytes_per_exchange;
    chosen_.lower_bound = std::min(chosen_.lower_bound, chosen_.value);
  }

  Transport solve(std::span<const std::int64_t> rows) {
    fetched_.fetch(rows);
    return Transport::solve(fetched_.rows(rows), cost_.num_valid());
  }

  void offer_lowest() {
    std::vector<std::int64_t> rows;
    for (const RowScore& row : bound_.evaluate(chosen_.dual).lowest) rows.push_back(row.row);
    std::sort(rows.begin(), rows.end());
    const Transport transport = solve(rows);
    offer(std::move(rows), transport);
    fetched_.keep_only({});
  }
  void offer(SolvedCoreset coreset) { offer(std::move(coreset.rows), coreset.transport); }
  /// Keeps it among those found, which are in the order of their scores.
  void offer(std::vector<std::int64_t> rows, const Transport& transport) {
    ++chosen_.transport_solves;
    Scored coreset{std::move(rows), transport.exact_value(), transport.value()};
    const auto place = std::upper_bound(found_.begin(), found_.end(), coreset,
                                        [](const Scored& a, const Scored& b) { return a.exact_value < b.exact_value; });
    if (place == found_.begin()) best_ = coreset;
    found_.insert(place, std::move(coreset));
  }

  void keep_bound(const DualAscent& ascent, std::int64_t phases_before) {
    chosen_.dual = ascent.dual();
    chosen_.lower_bound = std::min(ascent.bound(), best_->value);
    chosen_.ascent_phases = phases_before + ascent.phases();
  }

  /// Drops rows that are in no better coreset; true when the best one found is proven optimal. The n lowest rows have been offered.
  bool prove(const DualPoint& point) {
    const Int128 units = best_->exact_value * std::gcd(budget_, cost_.num_valid());
    if (only_lowest_can_be_better(point, units)) {
      chosen_.lower_bound = best_->value;
      chosen_.stop_reason = "proven_optimal";
      return true;
    }
    const std::vector<std::int64_t> hopeless = hopeless_rows(point, units, cost_.rows());
    bound_.drop(hopeless);
    chosen_.rows_proven_out += world_.all_reduce(static_cast<std::int64_t>(hopeless.size()), ReduceOp::kSum);
    return false;
  }

  /// Looked at between steps; the same answer on every rank.
  bool goes_on(const char* phase = "ascent") {
    if (!chosen_.stop_reason.empty()) return false;
    if (events_.step && events_.step(phase, chosen_.ascent_phases, 0, best_->value))
      chosen_.stop_reason = "stopped";
    else if (config_.gap > 0 && chosen_.lower_bound > 0 && best_->value / chosen_.lower_bound - 1 <= config_.gap)
      chosen_.stop_reason = "gap";
    else if (config_.time_limit > 0 && seconds() >= config_.time_limit)
      chosen_.stop_reason = "time_limit";
    return chosen_.stop_reason.empty();
  }
  double seconds() { return world_.all_reduce(std::chrono::duration<double>(Clock::now() - begin_).count(), ReduceOp::kMax); }

  std::string head() const {
    const RelaxedStateHead head{chosen_.lower_bound,
                                chosen_.greedy_value,
                                chosen_.start_value,
                                chosen_.ascent_phases,
                                chosen_.rows_proven_out,
                                chosen_.transport_solves,
                                static_cast<std::int64_t>(chosen_.dual.size())};
    std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
    return bytes.append(reinterpret_cast<const char*>(chosen_.dual.data()), sizeof(double) * chosen_.dual.size());
  }
  /// Takes over what head() wrote; the rest is the exchanges'.
  std::string resumed(const std::string& bytes) {
    RelaxedStateHead head;
    std::memcpy(&head, bytes.data(), sizeof head);
    chosen_.lower_bound = head.lower_bound;
    chosen_.greedy_value = head.greedy_value;
    chosen_.start_value = head.start_value;
    chosen_.ascent_phases = head.ascent_phases;
    chosen_.rows_proven_out = head.rows_proven_out;
    chosen_.transport_solves = head.transport_solves;
    chosen_.dual.resize(static_cast<std::size_t>(head.num_duals));
    std::memcpy(chosen_.dual.data(), bytes.data() + sizeof head, sizeof(double) * chosen_.dual.size());
    return bytes.substr(sizeof head + sizeof(double) * chosen_.dual.size());
  }

  const CostRows& cost_;
  std::int64_t budget_;
  const SelectConfig& config_;
  Communicator& world_;
  const ClassEvents& events_;
  FetchedRows fetched_;
  LowerBound bound_;
  std::vector<std::vector<double>> first_duals_;
  std::optional<RelaxedTransport> pool_transport_;  ///< relaxed, for the groups of the cuts
  std::vector<Scored> found_;
  std::optional<Scored> best_;
  RelaxedSelection chosen_;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace

RelaxedSelection choose_relaxed(const CostRows& cost, std::span<const std::int64_t> greedy, const SelectConfig& config, Communicator& world,
                                const ClassEvents& events) {
  return RelaxedSearch(cost, greedy, config, world, events).run(greedy);
}

}  // namespace goracs::itra
