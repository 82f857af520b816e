#include "itra/selection.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>

#include "base/error.hpp"
#include "comm/agreement.hpp"
#include "itra/baseline_random.hpp"
#include "itra/cost_matrix.hpp"
#include "itra/greedy.hpp"
#include "itra/label_enhanced.hpp"

namespace goracs::itra {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void check_input(const SelectionInput& input, const SelectConfig& config) {
  GORACS_CHECK_INPUT(input.num_train > 0, "{}: the pool has no rows", input.name);
  GORACS_CHECK_INPUT(input.num_valid > 0, "{}: there are no validation rows", input.name);
  GORACS_CHECK_INPUT(input.dimension > 0, "{}: the embeddings have no components", input.name);
  GORACS_CHECK_INPUT(config.budget >= 1, "select.budget is {}, expected 1 at least", config.budget);
  GORACS_CHECK_INPUT(config.budget <= input.num_train, "{}: select.budget is {}, but the pool has {} rows", input.name, config.budget,
                     input.num_train);
  const std::string norms = input.gradient_norm_name.empty() ? input.name + ": gradient norms" : input.gradient_norm_name;
  GORACS_CHECK_INPUT(static_cast<std::int64_t>(input.gradient_norm.size()) == input.num_train, "{}: {} values for {} rows of the pool",
                     norms, input.gradient_norm.size(), input.num_train);
  for (std::size_t i = 0; i < input.gradient_norm.size(); ++i) {
    const double norm = input.gradient_norm[i];
    GORACS_CHECK_INPUT(norm >= 0 && std::isfinite(static_cast<float>(norm)), "{}: row {} is {}, expected a finite number of at least 0",
                       norms, i, norm);
  }
}

/// The selection of one class; rows within the class.
class ClassSelection {
 public:
  ClassSelection(const SelectionInput& input, const ClassRows& rows, const SelectConfig& config, std::uint64_t seed, Communicator& world,
                 const SelectionEvents& events)
      : input_(input), rows_(rows), config_(config), seed_(seed), world_(world), events_(events) {}

  Selection select() {
    if (!build_costs() || !choose()) return stopped();
    std::ranges::sort(chosen_.indices);
    chosen_.stop_reason = "none";
    chosen_.classes.push_back({rows_.budget, chosen_.poo_score, chosen_.lower_bound, chosen_.gap});
    return std::move(chosen_);
  }

 private:
  bool build_costs() {
    const auto begin = std::chrono::steady_clock::now();
    cost_ = CostMatrix::build(input_, rows_, config_, world_,
                              [&](std::int64_t done, std::int64_t total) { return step("distances", done, total); });
    chosen_.seconds_distance = seconds_since(begin);
    return cost_.has_value();
  }

  bool choose() {
    if (config_.method == "random") {
      chosen_.indices = random_coreset(rows_, seed_);
      return true;
    }
    return choose_greedily();
  }

  bool choose_greedily() {
    const auto begin = std::chrono::steady_clock::now();
    GreedyPass pass(*cost_, world_);
    const auto coreset = pass.coreset(rows_.budget, [&](std::int64_t rows) { return step("greedy", rows, rows_.budget); });
    chosen_.seconds_greedy = seconds_since(begin);
    if (!coreset) return false;
    chosen_.greedy_indices = chosen_.indices = *coreset;
    return true;
  }

  bool step(const std::string& phase, std::int64_t done, std::int64_t total) { return events_.step && events_.step(phase, done, total, 0); }

  static Selection stopped() {
    Selection selection;
    selection.stop_reason = "stopped";
    return selection;
  }

  const SelectionInput& input_;
  const ClassRows& rows_;
  const SelectConfig& config_;
  std::uint64_t seed_;
  Communicator& world_;
  const SelectionEvents& events_;
  std::optional<CostMatrix> cost_;
  Selection chosen_;
};

void append_rows(std::vector<std::int64_t>& whole, const std::vector<std::int64_t>& part, const std::vector<std::int64_t>& global) {
  for (const std::int64_t i : part) whole.push_back(global[static_cast<std::size_t>(i)]);
}

/// Adds a class's selection to the whole: rows become global, figures are weighted by the class's share of the validation rows.
void append(Selection& whole, const Selection& part, const ClassRows& rows, std::int64_t num_valid) {
  const double share = static_cast<double>(rows.num_valid()) / static_cast<double>(num_valid);
  append_rows(whole.indices, part.indices, rows.train);
  append_rows(whole.greedy_indices, part.greedy_indices, rows.train);
  whole.poo_score += share * part.poo_score;
  whole.greedy_poo_score += share * part.greedy_poo_score;
  whole.lower_bound += share * part.lower_bound;
  whole.classes.insert(whole.classes.end(), part.classes.begin(), part.classes.end());
  whole.stop_reason = part.stop_reason;
  whole.transport_solves += part.transport_solves;
  whole.seconds_distance += part.seconds_distance;
  whole.seconds_greedy += part.seconds_greedy;
  whole.seconds_refine += part.seconds_refine;
}

}  // namespace

Selection select(const SelectionInput& input, const SelectConfig& config, std::uint64_t seed, Communicator& world,
                 const SelectionEvents& events) {
  std::vector<ClassRows> classes;
  together(world, [&] {
    check_input(input, config);
    classes = selection_classes(input, config);
  });

  Selection whole;
  for (const ClassRows& rows : classes) {
    if (rows.budget == 0) {
      whole.classes.emplace_back();
      continue;
    }
    const Selection part = ClassSelection(input, rows, config, seed, world, events).select();
    if (part.stop_reason == "stopped") return part;
    append(whole, part, rows, input.num_valid);
  }
  std::ranges::sort(whole.indices);
  return whole;
}

}  // namespace goracs::itra
