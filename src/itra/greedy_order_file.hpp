#pragma once

#include <filesystem>

#include "base/config.hpp"
#include "comm/communicator.hpp"
#include "itra/greedy.hpp"
#include "itra/label_enhanced.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// The order in which greedy adds the rows of one class, beside the class's distances, so that one pass serves all budgets and methods of a sweep:
/// their rows are prefixes of one order, and the longest so far is kept.
///
/// folder/greedy-<hash of all that costs follow from>.json: {"rows": [...], "nearest_rows_of_pool": n, "sha256": of both}. It appears by
/// rename; of two written at a time the last one stays.
class GreedyOrderFile {
 public:
  GreedyOrderFile(const DistancePlace& place, const SelectionInput& input, const ClassRows& rows, const SelectConfig& config);

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Nothing known when there is no file. Collective. Errors: kInput naming the file when it is damaged.
  GreedyOrder read(Communicator& world) const;
  /// Collective. Errors: kIo.
  void write(const GreedyOrder& order, Communicator& world) const;

 private:
  GreedyOrder parsed(const std::string& text) const;

  std::filesystem::path path_;
  std::int64_t num_train_;
};

}  // namespace goracs::itra
