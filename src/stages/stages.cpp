#include "stages/stages.hpp"

#include <fmt/format.h>

#include "comm/agreement.hpp"

namespace goracs {
namespace {

bool can_use_gpu(Stage stage) { return stage == Stage::kPrepare || stage == Stage::kSelect; }

}  // namespace

StageEnd compute(Stage stage, StageContext& context) {
  if (context.config().run.device == "cuda" && !can_use_gpu(stage))
    throw AgreedError(ExitCode::kUsage, fmt::format("run.device is cuda, but {} runs on the CPU only; choose cpu or auto", name_of(stage)));
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
