#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "stages/memory_plan.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// Tokens of a batch of this stage: the setting, or where that is auto kAutoBatchTokens on the CPU, whose results then do not depend on the machine. On a GPU
/// auto is what fits into the memory that is free on every rank's; it is kept with the stage's saved states, so that a stopped stage goes on with
/// the batches it began with. Collective.
std::int64_t batch_tokens(const StageContext& context, const std::optional<std::int64_t>& setting,
                          const std::function<MemoryPlan(double tokens)>& plan_of);

}  // namespace goracs
