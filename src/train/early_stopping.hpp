#pragma once

#include <cstdint>
#include <limits>

namespace goracs {

/// Remembers the best validation loss and gives up after `patience` evaluations in a row that did not lower it (0: never).
struct EarlyStopping {
  std::int64_t patience = 0;
  double best_loss = std::numeric_limits<double>::infinity();
  std::int64_t best_step = -1;
  std::int64_t worse_in_a_row = 0;

  /// True when this is the best so far.
  bool is_best(std::int64_t step, double loss) {
    if (loss < best_loss) {
      best_loss = loss;
      best_step = step;
      worse_in_a_row = 0;
      return true;
    }
    ++worse_in_a_row;
    return false;
  }
  bool should_stop() const { return patience > 0 && worse_in_a_row >= patience; }
};

}  // namespace goracs
