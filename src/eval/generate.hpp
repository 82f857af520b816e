#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "eval/beam_search.hpp"
#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "model/prefix_cache.hpp"

namespace goracs {

/// Beam search over a batch of prompts that all begin with the cached prefix; for each prompt its hypotheses, best first.
///
/// Keys and values of the prefix exist once for all prompts, those of a prompt once for all its beams, and those of every generated token
/// once for all beams that go through it: beams are reordered by rows of a mask, and nothing in the cache is ever copied for it. Prompts
/// that are closed leave the batch.
///   prompt_columns: the padded length of the prompts, for BeamSettings::whole_length
///   gives_up: asked before each step; once it says true, nothing is returned
std::vector<std::vector<Hypothesis>> generate(const Llama& model, const Adapter* adapter, const PrefixCache& prefix,
                                              std::span<const std::span<const std::int32_t>> prompts, const BeamSettings& settings,
                                              std::int64_t prompt_columns, const std::function<bool()>& gives_up = {});

}  // namespace goracs
