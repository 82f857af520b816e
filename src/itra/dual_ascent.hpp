#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "itra/cost_rows.hpp"
#include "itra/lower_bound.hpp"
#include "itra/restricted_dual.hpp"

namespace goracs::itra {

/// Steps along averaged supergradients towards a value that is thought to be too high (Polyak's rule with momentum, SELECTION "Start"):
///
///   d <- 0.7 d + g;   v <- v + theta (target - bound(v)) / |d|^2 d;   after some steps without a better v: theta falls, back to the best v
///
/// Variables from `nonnegative_from` on stay >= 0: those that are 0 and would fall are left out of a step.
class PolyakSteps {
 public:
  /// Value at v, and a supergradient.
  using Function = std::function<double(std::span<const double> v, std::span<double> supergradient)>;

  PolyakSteps(std::span<const double> first, std::int64_t nonnegative_from, double theta, int patience);
  /// Ends early once theta < least_theta.
  void run(const Function& function, double target, int steps, double least_theta);

  const std::vector<double>& best() const noexcept { return best_; }
  double best_value() const noexcept { return best_value_; }
  double theta() const noexcept { return theta_; }

 private:
  std::size_t nonnegative_from_;
  double theta_;
  int patience_, idle_ = 0;
  double best_value_;
  std::vector<double> best_, current_, direction_, supergradient_;
};

/// Raises bound(v) (LowerBound) phase by phase.
///
/// Goals: near its end the ascent looks at the same few rows and columns again and again. So a phase first runs hundreds of steps on a
///   RestrictedDual and then evaluates the bound once where that ended. If the restriction promised too much there, the next one covers that place
///   too, as in cutting planes; if it does so repeatedly, the ascent is far from its end and takes steps on the bound itself.
/// Ruled out: a bundle's quadratic programs (M variables): Polyak's steps reach the same bound in less than the time of one.
class DualAscent {
 public:
  /// Starts at the best of these duals. Everything must live on. Collective.
  DualAscent(const CostRows& cost, std::int64_t budget, LowerBound& bound, std::span<const std::vector<double>> first, Communicator& world);

  /// One phase towards `target`, the score of the best coreset known. False when no further phase is worth while. The last evaluation of
  /// `bound` is then at the best duals. Collective.
  bool advance(double target);

  /// (M, and a price for each cut of the bound)
  const std::vector<double>& dual() const noexcept { return best_; }
  double bound() const noexcept { return best_bound_; }
  std::int64_t phases() const noexcept { return phases_; }

 private:
  bool advance_restricted(double target);
  void advance_exactly(double target);
  void keep_if_better(const std::vector<double>& dual);

  const CostRows& cost_;
  std::int64_t budget_;
  LowerBound& bound_;
  Communicator& world_;
  std::vector<double> best_;
  double best_bound_;
  double theta_;
  std::vector<DualNeighbourhood> misjudged_;  ///< where the last restrictions promised too much
  int exact_phases_left_ = 0, exact_phases_next_ = 1;
  std::int64_t phases_ = 0;
  int small_gains_ = 0;
};

}  // namespace goracs::itra
