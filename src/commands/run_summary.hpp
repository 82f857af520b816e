#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/config.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// What summary.json says: stage folders with seconds and content hashes, metrics, and the seconds of selection (embed, grads, select) over
/// those of finetuning. Rank 0 alone. Errors: kInput when metrics.json is no JSON.
nlohmann::ordered_json run_summary(const Config& config, const StageFolders& stages);

/// The same in lines on the log: seconds, each metric with its standard error, the ratio.
void report_summary(const nlohmann::ordered_json& summary);

}  // namespace goracs
