#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "artifact/h5.hpp"
#include "eval/estimate.hpp"
#include "model/adapter.hpp"
#include "stages/language_model.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// What an evaluation found: metrics.json but for counts and seconds, and what predictions.h5 is to hold.
struct Measurement {
  nlohmann::ordered_json metrics;
  std::function<void(H5File& file)> write_predictions;
};

/// metrics[name], metrics[name_se]; what is not defined is null.
void put(nlohmann::ordered_json& metrics, const std::string& name, Estimate estimate);

/// Generates titles for the test set and ranks the targets (SPEC 8, SeqRec). None: stopped, and saved. The metrics are on rank 0. Collective.
std::optional<Measurement> measure_titles(StageContext& context, const LanguageModel& model, const SampleTable& test,
                                          const Adapter* adapter, std::int64_t batch_tokens);

/// Probabilities of the answers on the test set (SPEC 8, CTRPre); as above.
std::optional<Measurement> measure_answers(StageContext& context, const LanguageModel& model, const SampleTable& test,
                                           const Adapter* adapter, std::int64_t batch_tokens);

}  // namespace goracs
