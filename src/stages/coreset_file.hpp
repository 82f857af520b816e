#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "artifact/h5.hpp"
#include "itra/selection.hpp"

namespace goracs {

/// All that is known of a selection as the datasets and attributes of coreset.h5 (INTERFACE): /indices, /greedy_indices, /trace, /class and
/// the attributes of the root. `class_names`: one for each of selection.classes, or empty without labels.
void write_selection(H5File& file, const itra::Selection& selection, const std::vector<std::string>& class_names);

/// The rows of the coreset, ascending. Errors: kInput when one lies outside a pool of `num_train` rows.
std::vector<std::int64_t> read_coreset(const H5File& file, std::int64_t num_train);

}  // namespace goracs
