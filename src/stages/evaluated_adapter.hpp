#pragma once

#include <optional>

#include "model/adapter.hpp"
#include "stages/language_model.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// The adapter that evaluate.adapter names: the tuned one, the starting one or a PEFT folder; none for the bare base model.
/// Errors: kInput when it is no adapter of this model, or all its B are zero: it would be the base model under another name.
std::optional<Adapter> evaluated_adapter(const StageContext& context, const LanguageModel& model);

/// The largest difference of any logit behind a prompt, with the adapter against the bare base model.
double logit_difference(const Llama& model, const Adapter& adapter, std::span<const TokenId> prompt);

}  // namespace goracs
