#include "itra/selection.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "comm/agreement.hpp"
#include "itra/certified_gap.hpp"
#include "itra/class_selection.hpp"
#include "itra/embedding_rows.hpp"
#include "itra/label_enhanced.hpp"
#include "itra/saved_selection.hpp"

namespace goracs::itra {
namespace {

constexpr double kShortestTime = 1e-9;  ///< 0 would be no limit

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

/// Reasons to stop, the strongest statement about a coreset last; what holds for the whole is the weakest of its classes.
constexpr std::array<std::string_view, 6> kStopReasons = {"time_limit", "max_exchanges", "gap", "local_optimum", "proven_optimal", "none"};

std::string weaker(const std::string& a, const std::string& b) {
  const auto place = [](const std::string& reason) { return std::ranges::find(kStopReasons, reason); };
  return place(a) < place(b) ? a : b;
}

/// The selection of the whole from those of its classes: rows become global, scores count by the class's share of the validation rows.
Selection united(const std::vector<ClassRows>& classes, const std::vector<Selection>& parts, std::int64_t num_valid) {
  Selection whole;
  whole.stop_reason = kStopReasons.back();
  for (std::size_t k = 0; k < classes.size(); ++k) {
    const Selection& part = parts[k];
    const auto global = [&](std::int64_t i) { return classes[k].train[static_cast<std::size_t>(i)]; };
    const double share = static_cast<double>(classes[k].num_valid()) / static_cast<double>(num_valid);
    std::ranges::transform(part.indices, std::back_inserter(whole.indices), global);
    std::ranges::transform(part.greedy_indices, std::back_inserter(whole.greedy_indices), global);
    for (const ExchangeRecord& record : part.trace)
      whole.trace.push_back({global(record.removed), global(record.added), record.poo_score, record.seconds});
    whole.poo_score += share * part.poo_score;
    whole.greedy_poo_score += share * part.greedy_poo_score;
    whole.lower_bound += share * part.lower_bound;
    whole.classes.push_back({classes[k].budget, part.poo_score, part.lower_bound, certified_gap(part.poo_score, part.lower_bound)});
    whole.stop_reason = weaker(whole.stop_reason, part.stop_reason);
    whole.transport_solves += part.transport_solves;
    whole.seconds_distance += part.seconds_distance;
    whole.seconds_greedy += part.seconds_greedy;
    whole.seconds_refine += part.seconds_refine;
    whole.bytes_per_exchange += part.bytes_per_exchange * static_cast<std::int64_t>(part.trace.size());
  }
  std::ranges::sort(whole.indices);
  whole.gap = certified_gap(whole.poo_score, whole.lower_bound);
  whole.gap_absolute = whole.poo_score - whole.lower_bound;
  if (!whole.trace.empty()) whole.bytes_per_exchange /= static_cast<std::int64_t>(whole.trace.size());
  return whole;
}

/// A class from which nothing is chosen: it adds nothing to rows or scores.
Selection no_rows() {
  Selection selection;
  selection.stop_reason = kStopReasons.back();
  return selection;
}

/// The settings of one class: of the time that is left it gets its share of the rows that are left to choose.
SelectConfig config_of_class(SelectConfig config, const std::vector<ClassRows>& classes, const std::vector<Selection>& done,
                             Communicator& world) {
  if (config.time_limit == 0) return config;
  double left = config.time_limit;
  for (const Selection& part : done) left -= part.seconds_refine;
  std::int64_t rows_left = 0;
  for (std::size_t k = done.size(); k < classes.size(); ++k) rows_left += classes[k].budget;
  const double share = static_cast<double>(classes[done.size()].budget) / static_cast<double>(std::max(rows_left, std::int64_t{1}));
  config.time_limit = world.all_reduce(std::max(left * share, kShortestTime), ReduceOp::kMin);
  return config;
}

}  // namespace

Selection select(const SelectionInput& input, const SelectConfig& config, std::uint64_t seed, Communicator& world,
                 const SelectionEvents& events) {
  std::vector<ClassRows> classes;
  SavedSelection saved;
  together(world, [&] {
    check(input, config);
    classes = selection_classes(input, config);
    if (events.resume_from) saved = restore(*events.resume_from);
  });

  std::vector<Selection>& parts = saved.done;
  while (parts.size() < classes.size()) {
    const ClassRows& rows = classes[parts.size()];
    if (rows.budget == 0) {
      parts.push_back(no_rows());
      continue;
    }
    ClassEvents of_class{events.step, {}, std::exchange(saved.exchanges, std::nullopt)};
    if (events.checkpoint)
      of_class.checkpoint = [&](const std::function<std::string()>& state) { events.checkpoint([&] { return save({parts, state()}); }); };
    const SelectConfig class_config = config_of_class(config, classes, parts, world);
    std::optional<Selection> part = ClassSelection(input, rows, class_config, seed, world, of_class).select();
    if (!part) {
      Selection stopped;
      stopped.stop_reason = "stopped";
      return stopped;
    }
    parts.push_back(std::move(*part));
  }
  return united(classes, parts, input.num_valid);
}

}  // namespace goracs::itra
