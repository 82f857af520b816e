#include "itra/selection.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/error.hpp"
#include "comm/agreement.hpp"
#include "itra/certified_gap.hpp"
#include "itra/class_selection.hpp"
#include "itra/embedding_rows.hpp"
#include "itra/label_enhanced.hpp"

namespace goracs::itra {
namespace {

void check(const SelectionInput& input, const SelectConfig& config) {
  GORACS_CHECK_INPUT(input.num_train > 0, "{}: the pool has no rows", train_name(input));
  GORACS_CHECK_INPUT(input.num_valid > 0, "{}: there are no validation rows", valid_name(input));
  GORACS_CHECK_INPUT(input.dimension > 0, "{}: the embeddings have no components", train_name(input));
  GORACS_CHECK_INPUT(config.budget >= 1, "select.budget is {}, expected 1 at least", config.budget);
  GORACS_CHECK_INPUT(config.budget <= input.num_train, "{}: select.budget is {}, but the pool has {} rows", input.name, config.budget,
                     input.num_train);
  GORACS_CHECK_INPUT(static_cast<std::int64_t>(input.gradient_norm.size()) == input.num_train, "{}: {} values for {} rows of the pool",
                     gradient_norm_name(input), input.gradient_norm.size(), input.num_train);
  for (std::size_t i = 0; i < input.gradient_norm.size(); ++i) {
    const double norm = input.gradient_norm[i];
    GORACS_CHECK_INPUT(norm >= 0 && std::isfinite(static_cast<float>(norm)), "{}: row {} is {}, expected a finite number of at least 0",
                       gradient_norm_name(input), i, norm);
  }
}

void append_rows(std::vector<std::int64_t>& whole, const std::vector<std::int64_t>& part, const std::vector<std::int64_t>& global) {
  for (const std::int64_t i : part) whole.push_back(global[static_cast<std::size_t>(i)]);
}

/// Adds a class's selection to the whole: its rows become global, its scores count by the class's share of the validation rows.
void append(Selection& whole, const Selection& part, const ClassRows& rows, std::int64_t num_valid) {
  const double share = static_cast<double>(rows.num_valid()) / static_cast<double>(num_valid);
  append_rows(whole.indices, part.indices, rows.train);
  append_rows(whole.greedy_indices, part.greedy_indices, rows.train);
  whole.poo_score += share * part.poo_score;
  whole.greedy_poo_score += share * part.greedy_poo_score;
  whole.lower_bound += share * part.lower_bound;
  whole.classes.push_back({rows.budget, part.poo_score, part.lower_bound, certified_gap(part.poo_score, part.lower_bound)});
  whole.stop_reason = part.stop_reason;
  whole.transport_solves += part.transport_solves;
  whole.seconds_distance += part.seconds_distance;
  whole.seconds_greedy += part.seconds_greedy;
  whole.seconds_refine += part.seconds_refine;
}

Selection stopped() {
  Selection selection;
  selection.stop_reason = "stopped";
  return selection;
}

}  // namespace

Selection select(const SelectionInput& input, const SelectConfig& config, std::uint64_t seed, Communicator& world,
                 const SelectionEvents& events) {
  std::vector<ClassRows> classes;
  together(world, [&] {
    check(input, config);
    classes = selection_classes(input, config);
  });

  Selection whole;
  for (const ClassRows& rows : classes) {
    if (rows.budget == 0) {
      whole.classes.emplace_back();
      continue;
    }
    const std::optional<Selection> part = ClassSelection(input, rows, config, seed, world, events).select();
    if (!part) return stopped();
    append(whole, *part, rows, input.num_valid);
  }
  std::ranges::sort(whole.indices);
  whole.gap = certified_gap(whole.poo_score, whole.lower_bound);
  whole.gap_absolute = whole.poo_score - whole.lower_bound;
  return whole;
}

}  // namespace goracs::itra
