#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/config.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// The rows of one class, or all of them: what one selection is made from (SPEC 6, label-enhanced). Global indices, ascending.
struct ClassRows {
  std::vector<std::int64_t> train;  ///< of the pool
  std::vector<std::int64_t> valid;  ///< of the validation set
  std::int64_t budget = 0;

  std::int64_t num_train() const noexcept { return static_cast<std::int64_t>(train.size()); }
  std::int64_t num_valid() const noexcept { return static_cast<std::int64_t>(valid.size()); }
};

/// What is selected apart: one class of all rows, or with `label_enhanced` each class of the labels with its budget. A class without
/// validation rows, or too small a share of them, has budget 0: nothing is chosen from it.
/// Errors: kInput for labels outside the classes, a missing table of labels, and a budget above a class's rows, naming class and counts.
std::vector<ClassRows> selection_classes(const SelectionInput& input, const SelectConfig& config);

/// n_k for each class from the numbers M_k of validation rows (SPEC 6). Two classes: the first gets its float32 share of n, half to even, the
/// second the rest. Otherwise by largest remainder of n M_k / M, ties to the lower class. Sums to `budget`.
std::vector<std::int64_t> class_budgets(std::span<const std::int64_t> valid_count, std::int64_t budget);

}  // namespace goracs::itra
