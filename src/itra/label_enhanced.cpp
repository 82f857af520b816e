#include "itra/label_enhanced.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>

#include "base/error.hpp"
#include "base/int128.hpp"

namespace goracs::itra {
namespace {

std::vector<std::int64_t> indices_below(std::int64_t end) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(end));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

void check_labels(std::span<const std::int32_t> label, std::int64_t rows, std::size_t classes, const std::string& name, const char* part) {
  GORACS_CHECK_INPUT(static_cast<std::int64_t>(label.size()) == rows, "{}: {} {} labels for {} rows", name, label.size(), part, rows);
  for (std::size_t i = 0; i < label.size(); ++i)
    GORACS_CHECK_INPUT(label[i] >= 0 && static_cast<std::size_t>(label[i]) < classes, "{}: {} row {} has label {}, expected 0 to {}", name,
                       part, i, label[i], static_cast<std::int64_t>(classes) - 1);
}

/// Exact round(n share) with the float32 share that the reference computes.
std::int64_t first_of_two(std::span<const std::int64_t> valid_count, std::int64_t budget) {
  const float share = static_cast<float>(valid_count[0]) / static_cast<float>(valid_count[0] + valid_count[1]);
  return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(share) * static_cast<double>(budget)));
}

}  // namespace

std::vector<std::int64_t> class_budgets(std::span<const std::int64_t> valid_count, std::int64_t budget) {
  if (valid_count.size() == 2) {
    const std::int64_t first = first_of_two(valid_count, budget);
    return {first, budget - first};
  }
  const auto total = static_cast<Int128>(std::accumulate(valid_count.begin(), valid_count.end(), std::int64_t{0}));
  std::vector<std::int64_t> budgets, remainder, order;
  for (const std::int64_t count : valid_count) {
    const Int128 share = static_cast<Int128>(budget) * count;
    budgets.push_back(static_cast<std::int64_t>(share / total));
    remainder.push_back(static_cast<std::int64_t>(share % total));
    order.push_back(static_cast<std::int64_t>(order.size()));
  }
  std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
    return remainder[static_cast<std::size_t>(a)] > remainder[static_cast<std::size_t>(b)];
  });
  const std::int64_t left = budget - std::accumulate(budgets.begin(), budgets.end(), std::int64_t{0});
  for (std::int64_t k = 0; k < left; ++k) ++budgets[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])];
  return budgets;
}

std::vector<ClassRows> selection_classes(const SelectionInput& input, const SelectConfig& config) {
  if (!config.label_enhanced) return {{indices_below(input.num_train), indices_below(input.num_valid), config.budget}};

  const std::size_t num_classes = input.class_names.size();
  GORACS_CHECK_INPUT(num_classes > 0, "{}: selection inside each class (select.label_enhanced), but there are no labels", input.name);
  check_labels(input.train_label, input.num_train, num_classes, input.name, "training");
  check_labels(input.valid_label, input.num_valid, num_classes, input.name, "validation");
  std::vector<ClassRows> classes(num_classes);
  for (std::int64_t i = 0; i < input.num_train; ++i)
    classes[static_cast<std::size_t>(input.train_label[static_cast<std::size_t>(i)])].train.push_back(i);
  for (std::int64_t j = 0; j < input.num_valid; ++j)
    classes[static_cast<std::size_t>(input.valid_label[static_cast<std::size_t>(j)])].valid.push_back(j);

  std::vector<std::int64_t> valid_count;
  for (const ClassRows& rows : classes) valid_count.push_back(rows.num_valid());
  const std::vector<std::int64_t> budgets = class_budgets(valid_count, config.budget);
  for (std::size_t k = 0; k < num_classes; ++k) {
    classes[k].budget = budgets[k];
    GORACS_CHECK_INPUT(budgets[k] <= classes[k].num_train(),
                       "{}: class {} is to get {} of {} rows (its share of {} validation rows is {}), but the pool has {} of it",
                       input.name, input.class_names[k], budgets[k], config.budget, input.num_valid, valid_count[k],
                       classes[k].num_train());
  }
  return classes;
}

}  // namespace goracs::itra
