#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "comm/communicator.hpp"
#include "itra/cost_matrix.hpp"
#include "itra/label_enhanced.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// The selection inside one class (SPEC 6), or of all rows as one class: costs, the method's coreset, what is known about it. Row indices are
/// those within the class. All of it is collective.
class ClassSelection {
 public:
  /// Everything referred to must live on.
  ClassSelection(const SelectionInput& input, const ClassRows& rows, const SelectConfig& config, std::uint64_t seed, Communicator& world,
                 const SelectionEvents& events)
      : input_(input), rows_(rows), config_(config), seed_(seed), world_(world), events_(events) {}

  /// None when it was stopped before there was a coreset.
  std::optional<Selection> select();

 private:
  bool choose_before_costs();
  bool build_costs();
  bool choose_greedily();
  void evaluate();
  bool step(const char* phase, std::int64_t done, std::int64_t total, double poo_score = 0);

  const SelectionInput& input_;
  const ClassRows& rows_;
  const SelectConfig& config_;
  std::uint64_t seed_;
  Communicator& world_;
  const SelectionEvents& events_;
  std::optional<CostMatrix> cost_;
  Selection chosen_;
};

}  // namespace goracs::itra
