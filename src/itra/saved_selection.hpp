#pragma once

#include <optional>
#include <string>
#include <vector>

#include "itra/selection.hpp"

namespace goracs::itra {

/// What SelectionState holds: the classes that are done, and how far the exchanges of the next one are.
struct SavedSelection {
  std::vector<Selection> done;           ///< one for each class before it; rows within their classes
  std::optional<std::string> exchanges;  ///< of ExchangeEvents::checkpoint; none: nothing was saved
};

SelectionState save(const SavedSelection& saved);

/// Errors: kInput for bytes that `save` did not write.
SavedSelection restore(const SelectionState& state);

}  // namespace goracs::itra
