#pragma once

#include "stages/stage_context.hpp"

namespace goracs {

// The stages. Each reads the sealed folders of its inputs, computes, and seals its own; or it is asked to stop, saves and says so. All are
// collective, and what they write does not depend on ranks or threads.

/// Raw data to samples (SPEC 1). Writes samples.h5 and train, valid, test.json.
StageEnd prepare(StageContext& context);

/// Samples to vectors by the encoder (SPEC 3). Writes embeddings.h5; for SeqRec also items.h5, titles by the bare language model.
StageEnd embed(StageContext& context);

/// How strongly each pool sample pulls at the starting adapter (SPEC 4). Writes gradient_norms.h5.
StageEnd grads(StageContext& context);

/// Chooses the coreset (SPEC 5, 6). Writes coreset.h5 and coreset.json.
StageEnd select(StageContext& context);

/// Tunes the starting adapter on the coreset (SPEC 7). Writes adapter/ and history.h5.
StageEnd finetune(StageContext& context);

/// Measures an adapter, or the bare model, on the test set (SPEC 8). Writes metrics.json and predictions.h5.
StageEnd evaluate(StageContext& context);

/// The one of this name.
StageEnd compute(Stage stage, StageContext& context);

}  // namespace goracs
