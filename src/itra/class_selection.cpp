#include "itra/class_selection.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "itra/baseline_ccs.hpp"
#include "itra/baseline_facility_location.hpp"
#include "itra/baseline_grad_norm.hpp"
#include "itra/baseline_k_center.hpp"
#include "itra/baseline_random.hpp"
#include "itra/exchange.hpp"
#include "itra/fetched_rows.hpp"
#include "itra/greedy.hpp"
#include "itra/greedy_order_file.hpp"
#include "itra/lower_bound.hpp"
#include "itra/relaxed.hpp"
#include "itra/transport.hpp"

namespace goracs::itra {
namespace {

/// Adds the seconds of a scope to a figure of the selection.
class ScopedSeconds {
 public:
  explicit ScopedSeconds(double& seconds) : seconds_(seconds) {}
  ~ScopedSeconds() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  ScopedSeconds(const ScopedSeconds&) = delete;
  ScopedSeconds& operator=(const ScopedSeconds&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace

std::optional<Selection> ClassSelection::select() {
  chosen_.greedy_poo_score = std::numeric_limits<double>::quiet_NaN();
  chosen_.stop_reason = "none";
  if (!choose_before_costs() || !build_costs() || !choose_from_costs()) return std::nullopt;
  std::ranges::sort(chosen_.indices);
  return std::move(chosen_);
}

/// Baselines that do not look at the costs.
bool ClassSelection::choose_before_costs() {
  const ScopedSeconds timer(chosen_.seconds_greedy);
  const auto on_step = [&](std::int64_t rows) { return step(config_.method.c_str(), rows, rows_.budget); };
  std::optional<std::vector<std::int64_t>> coreset = std::vector<std::int64_t>();
  if (config_.method == "random") coreset = random_coreset(rows_, seed_);
  if (config_.method == "grad_norm") coreset = grad_norm_coreset(rows_, input_.gradient_norm);
  if (config_.method == "ccs") coreset = ccs_coreset(rows_, input_.gradient_norm, seed_);
  if (config_.method == "k_center") coreset = k_center_coreset(input_, rows_, world_, on_step);
  if (config_.method == "facility_location") coreset = facility_location_coreset(input_, rows_, config_, world_, on_step);
  if (coreset) chosen_.indices = std::move(*coreset);
  return coreset.has_value();
}

bool ClassSelection::build_costs() {
  const ScopedSeconds timer(chosen_.seconds_distance);
  cost_ = CostMatrix::build(input_, rows_, config_, world_,
                            [&](std::int64_t done, std::int64_t total) { return step("distances", done, total); });
  return cost_.has_value();
}

bool ClassSelection::choose_from_costs() {
  const bool starts_greedily = chosen_.indices.empty();
  if (starts_greedily && !choose_greedily()) return false;
  if (config_.method == "itra") return refine_greedy();
  if (config_.method == "relaxed") return relax_and_refine();
  evaluate();
  if (starts_greedily) chosen_.greedy_poo_score = chosen_.poo_score;
  return true;
}

bool ClassSelection::choose_greedily() {
  const ScopedSeconds timer(chosen_.seconds_greedy);
  std::optional<GreedyOrderFile> kept;
  if (input_.distances) kept.emplace(*input_.distances, input_, rows_, config_);
  GreedyOrder known = kept ? kept->read(world_) : GreedyOrder();
  const std::size_t rows_known = known.rows.size();
  GreedyPass pass(*cost_, world_, std::move(known));
  auto coreset = pass.coreset(rows_.budget, [&](std::int64_t rows) { return step("greedy", rows, rows_.budget); });
  if (!coreset) return false;
  if (kept && pass.added().size() > rows_known) kept->write(pass.order(), world_);
  chosen_.greedy_indices = chosen_.indices = std::move(*coreset);
  return true;
}

/// Stage 2 from greedy's coreset, and the bound that its last duals give.
bool ClassSelection::refine_greedy() {
  const ScopedSeconds timer(chosen_.seconds_refine);
  const CostRows cost = cost_->view();
  LowerBound bound(cost, rows_.budget, world_);
  ExchangeEvents events;
  events.step = [&](std::int64_t done, double value) { return step("exchanges", done, config_.max_exchanges, value); };
  events.checkpoint = events_.checkpoint;
  events.resume_from = events_.resume_from;
  events.lower_bound = [&](const std::vector<double>& column_dual) { return bound.evaluate(column_dual).bound; };

  Refinement refinement = refine(cost, chosen_.indices, ExchangeRule::of(config_, rows_.budget), world_, events);
  if (refinement.stop_reason == "stopped") return false;
  chosen_.indices = std::move(refinement.coreset);
  chosen_.trace = std::move(refinement.trace);
  chosen_.greedy_poo_score = refinement.first_value;
  chosen_.poo_score = refinement.value;
  chosen_.lower_bound = std::max(refinement.lower_bound, bound.evaluate(refinement.column_dual).bound);
  chosen_.stop_reason = refinement.stop_reason;
  chosen_.transport_solves = refinement.transport_solves;
  chosen_.bytes_per_exchange = refinement.bytes_per_exchange;
  return true;
}

/// The relaxed transport, its rounding and exchanges, with the bound that was raised on the way.
bool ClassSelection::relax_and_refine() {
  const ScopedSeconds timer(chosen_.seconds_refine);
  RelaxedSelection relaxed = choose_relaxed(cost_->view(), chosen_.indices, config_, world_, events_);
  if (relaxed.stop_reason == "stopped") return false;
  chosen_.indices = std::move(relaxed.coreset);
  chosen_.trace = std::move(relaxed.trace);
  chosen_.greedy_poo_score = relaxed.greedy_value;
  chosen_.poo_score = relaxed.value;
  chosen_.lower_bound = relaxed.lower_bound;
  chosen_.stop_reason = relaxed.stop_reason;
  chosen_.transport_solves = relaxed.transport_solves;
  chosen_.bytes_per_exchange = relaxed.bytes_per_exchange;
  return true;
}

/// Score of a coreset that stays as it is, and the bound that its duals give.
void ClassSelection::evaluate() {
  const CostRows cost = cost_->view();
  FetchedRows fetched(cost, world_);
  fetched.fetch(chosen_.indices);
  const Transport transport = Transport::solve(fetched.rows(chosen_.indices), cost.num_valid());
  chosen_.poo_score = transport.value();
  chosen_.lower_bound = lower_bound(cost, rows_.budget, transport.column_dual(), world_);
  chosen_.transport_solves = 1;
}

bool ClassSelection::step(const char* phase, std::int64_t done, std::int64_t total, double poo_score) {
  return events_.step && events_.step(phase, done, total, poo_score);
}

}  // namespace goracs::itra
