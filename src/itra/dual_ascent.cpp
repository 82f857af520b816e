#include "itra/dual_ascent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace goracs::itra {
namespace {

constexpr double kMomentum = 0.7, kThetaFalls = 0.65, kFirstTheta = 0.5, kLeastTheta = 1e-3;
constexpr int kRestrictedSteps = 250, kRestrictedPatience = 20, kExactSteps = 30, kExactPatience = 12;
constexpr double kKeptPromise = 0.5;  // of what the restriction promised: less means that it is too narrow
constexpr double kSmallGain = 0.01;   // of the gap, in a phase
constexpr int kSmallGains = 2;        // in a row end the ascent
constexpr int kMostExactPhases = 8;
constexpr std::size_t kMisjudgements = 2;  // in a row lead to exact phases

}  // namespace

PolyakSteps::PolyakSteps(std::span<const double> first, std::int64_t nonnegative_from, double theta, int patience)
    : nonnegative_from_(static_cast<std::size_t>(nonnegative_from)),
      theta_(theta),
      patience_(patience),
      best_value_(-std::numeric_limits<double>::infinity()),
      best_(first.begin(), first.end()),
      current_(best_),
      direction_(first.size(), 0.0),
      supergradient_(first.size()) {}

void PolyakSteps::run(const Function& function, double target, int steps, double least_theta) {
  for (int step = 0; step < steps && theta_ >= least_theta; ++step) {
    const double value = function(current_, supergradient_);
    idle_ = value > best_value_ + 1e-3 * std::abs(target - best_value_) ? 0 : idle_ + 1;
    if (value > best_value_) {
      best_value_ = value;
      best_ = current_;
    }
    if (idle_ >= patience_) {
      theta_ *= kThetaFalls;
      idle_ = 0;
      current_ = best_;
      std::fill(direction_.begin(), direction_.end(), 0.0);
      continue;
    }
    double norm = 0;
    for (std::size_t j = 0; j < direction_.size(); ++j) {
      direction_[j] = kMomentum * direction_[j] + supergradient_[j];
      if (j >= nonnegative_from_ && current_[j] == 0 && direction_[j] < 0) direction_[j] = 0;
      norm += direction_[j] * direction_[j];
    }
    if (norm == 0) return;  // the maximum
    const double length = theta_ * (target - value) / norm;
    for (std::size_t j = 0; j < direction_.size(); ++j) current_[j] += length * direction_[j];
    for (std::size_t j = nonnegative_from_; j < direction_.size(); ++j) current_[j] = std::max(current_[j], 0.0);
  }
}

DualAscent::DualAscent(const CostRows& cost, std::int64_t budget, LowerBound& bound, std::span<const std::vector<double>> first,
                       Communicator& world)
    : cost_(cost),
      budget_(budget),
      bound_(bound),
      world_(world),
      best_bound_(-std::numeric_limits<double>::infinity()),
      theta_(kFirstTheta) {
  for (const std::vector<double>& dual : first) keep_if_better(dual);
}

void DualAscent::keep_if_better(const std::vector<double>& dual) {
  const double value = bound_.evaluate(dual).bound;
  if (value <= best_bound_) return;
  best_bound_ = value;
  best_ = dual;
}

bool DualAscent::advance(double target) {
  ++phases_;
  const double before = best_bound_;
  if (exact_phases_left_ > 0) {
    --exact_phases_left_;
    advance_exactly(target);
  } else if (advance_restricted(target)) {
    exact_phases_next_ = 1;
  } else if (misjudged_.size() > kMisjudgements) {
    misjudged_.clear();
    exact_phases_left_ = exact_phases_next_;
    exact_phases_next_ = std::min(2 * exact_phases_next_, kMostExactPhases);
  }
  bound_.evaluate(best_);
  const bool is_small = best_bound_ - before < kSmallGain * (target - best_bound_);
  if (misjudged_.empty()) small_gains_ = is_small ? small_gains_ + 1 : 0;
  return small_gains_ < kSmallGains && best_bound_ < target;
}

/// Whether the bound kept what its restriction promised.
bool DualAscent::advance_restricted(double target) {
  bound_.evaluate(best_);
  std::vector<DualNeighbourhood> around = misjudged_;
  around.push_back(DualNeighbourhood::of(best_, bound_, budget_, cost_.num_train()));
  RestrictedDual restricted(cost_, budget_, bound_.cuts(), around, world_);
  PolyakSteps steps(best_, cost_.num_valid(), theta_, kRestrictedPatience);
  if (world_.is_root())
    steps.run([&](auto dual, auto supergradient) { return restricted.evaluate(dual, supergradient); }, target, kRestrictedSteps,
              kLeastTheta);
  std::vector<double> found = steps.best();
  double promised = steps.best_value(), theta = steps.theta();
  world_.broadcast(std::span<double>(found), 0);
  world_.broadcast(std::span<double>(&promised, 1), 0);
  world_.broadcast(std::span<double>(&theta, 1), 0);

  const double before = best_bound_;
  keep_if_better(found);
  const bool kept = best_bound_ - before >= kKeptPromise * (promised - before);
  if (kept) {
    theta_ = std::min(kFirstTheta, std::max(2 * theta, 2 * kLeastTheta));
    misjudged_.clear();
  } else {
    theta_ /= 2;
    misjudged_.push_back(DualNeighbourhood::of(found, bound_, budget_, cost_.num_train()));
  }
  return kept;
}

void DualAscent::advance_exactly(double target) {
  PolyakSteps steps(best_, cost_.num_valid(), theta_, kExactPatience);
  const double unit = 1 / static_cast<double>(budget_ * cost_.num_valid());
  steps.run(
      [&](auto dual, auto supergradient) {
        const DualPoint& point = bound_.evaluate(dual);
        std::transform(point.supergradient.begin(), point.supergradient.end(), supergradient.begin(),
                       [unit](std::int64_t units) { return unit * static_cast<double>(units); });
        return point.bound;
      },
      target, kExactSteps, kLeastTheta);
  keep_if_better(steps.best());
  theta_ = std::max(steps.theta(), 2 * kLeastTheta);
}

}  // namespace goracs::itra
