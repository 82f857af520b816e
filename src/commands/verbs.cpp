#include "commands/stage_verbs.hpp"
#include "commands/validate.hpp"
#include "commands/verb.hpp"

namespace goracs {

std::vector<Verb> all_verbs() {
  std::vector<Verb> verbs{run_verb()};
  for (const Stage stage : kStages) verbs.push_back(stage_verb(stage));
  verbs.push_back(validate_verb());
  return verbs;
}

}  // namespace goracs
