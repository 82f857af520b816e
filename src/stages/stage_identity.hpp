#pragma once

#include <vector>

#include "artifact/stage_folder.hpp"
#include "base/config.hpp"
#include "base/stage.hpp"
#include "comm/communicator.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// The earlier stages whose folders a stage reads, in order.
std::vector<Stage> inputs_of(Stage stage, const Config& config);

/// All stages that a run needs, in order: without a tuned adapter nothing is selected, and only SeqRec needs embeddings (of its items).
std::vector<Stage> stages_of(const Config& config);

/// What a stage's folder is named after: its keys, models and data by their contents, and the contents of its inputs. Collective.
/// Errors: kInput when a model or data file cannot be read.
StageIdentity identity_of(Stage stage, const Config& config, const StageFolders& done, Communicator& world);

/// `run` with template, tokenizer and model of what the stage writes: the encoder's in `embed`, the language model's behind it, none in
/// `prepare`, whose samples serve all models. Collective. Errors: kInput, kUsage as the files and the template have it.
Provenance provenance_of(Stage stage, const Config& config, const Provenance& run, Communicator& world);

/// The language model's, whatever the stage; not collective, rank 0 alone writes what is remembered of hashes.
Provenance language_model_provenance(const Config& config, const Provenance& run);

}  // namespace goracs
