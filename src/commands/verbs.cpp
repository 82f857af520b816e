#include "commands/diff.hpp"
#include "commands/doctor.hpp"
#include "commands/plan.hpp"
#include "commands/plot.hpp"
#include "commands/report.hpp"
#include "commands/select_verb.hpp"
#include "commands/show.hpp"
#include "commands/stage_verbs.hpp"
#include "commands/sweep.hpp"
#include "commands/validate.hpp"
#include "commands/verb.hpp"

namespace goracs {

std::vector<Verb> all_verbs() {
  std::vector<Verb> verbs{run_verb()};
  for (const Stage stage : kStages) verbs.push_back(stage == Stage::kSelect ? select_verb() : stage_verb(stage));
  verbs.push_back(sweep_verb());
  for (const auto& other : {report_verb, validate_verb, plan_verb, doctor_verb, show_verb, diff_verb, plot_verb}) verbs.push_back(other());
  return verbs;
}

}  // namespace goracs
