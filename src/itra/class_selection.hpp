#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "comm/communicator.hpp"
#include "itra/cost_matrix.hpp"
#include "itra/label_enhanced.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// What the selection of one class tells and asks; all of it is called on every rank at the same places.
struct ClassEvents {
  /// As in SelectionEvents.
  std::function<bool(const std::string& phase, std::int64_t done, std::int64_t total, double poo_score)> step;
  /// Between exchanges; `state` gives the bytes to resume from.
  std::function<void(const std::function<std::string()>& state)> checkpoint;
  std::optional<std::string> resume_from;
};

/// The selection inside one class (SPEC 6), or of all rows as one class: costs, the method's coreset, what is known about it. Row indices are
/// those within the class. All of it is collective.
class ClassSelection {
 public:
  /// Everything referred to must live on.
  ClassSelection(const SelectionInput& input, const ClassRows& rows, const SelectConfig& config, std::uint64_t seed, Communicator& world,
                 const ClassEvents& events)
      : input_(input), rows_(rows), config_(config), seed_(seed), world_(world), events_(events) {}

  /// None when it was stopped.
  std::optional<Selection> select();

 private:
  bool choose_before_costs();
  bool build_costs();
  bool choose_from_costs();
  bool choose_greedily();
  bool refine_greedy();
  bool relax_and_refine();
  void evaluate();
  bool step(const char* phase, std::int64_t done, std::int64_t total, double poo_score = 0);

  const SelectionInput& input_;
  const ClassRows& rows_;
  const SelectConfig& config_;
  std::uint64_t seed_;
  Communicator& world_;
  const ClassEvents& events_;
  std::optional<CostMatrix> cost_;
  Selection chosen_;
};

}  // namespace goracs::itra
