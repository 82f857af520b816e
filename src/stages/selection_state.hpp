#pragma once

#include <memory>
#include <string>

#include "itra/selection.hpp"
#include "stages/long_loop.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// How the stage follows a selection: a loop for each phase of it, its state saved between exchanges, a stop at any step.
class SelectionSteps {
 public:
  explicit SelectionSteps(StageContext& context) : context_(context) {}

  /// With the state of an earlier start, if any. Collective.
  itra::SelectionEvents events();
  bool stopped() const noexcept { return stopped_; }

 private:
  bool step(const std::string& phase, std::int64_t done, std::int64_t total, double poo_score);
  std::optional<itra::SelectionState> saved();

  StageContext& context_;
  std::string phase_;
  std::unique_ptr<LongLoop> loop_;
  itra::SelectionState state_;
  bool stopped_ = false;
};

}  // namespace goracs
