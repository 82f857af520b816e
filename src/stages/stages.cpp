#include "stages/stages.hpp"

#include "model/device.hpp"

namespace goracs {

StageEnd compute(Stage stage, StageContext& context) {
  release_device_memory();  // of the stage before
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
