#include "stages/stages.hpp"

namespace goracs {

StageEnd compute(Stage stage, StageContext& context) {
  switch (stage) {
    case Stage::kPrepare: return prepare(context);
    case Stage::kEmbed: return embed(context);
    case Stage::kGrads: return grads(context);
    case Stage::kSelect: return select(context);
    case Stage::kFinetune: return finetune(context);
    case Stage::kEvaluate: break;
  }
  return evaluate(context);
}

}  // namespace goracs
