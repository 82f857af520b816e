#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/matrix.hpp"
#include "comm/communicator.hpp"
#include "data/tokenizer.hpp"
#include "eval/beam_search.hpp"
#include "model/adapter.hpp"
#include "model/llama.hpp"

namespace goracs {

using TokenSequences = std::span<const std::span<const std::int32_t>>;
/// Called on every rank after each round with the number of samples done; true stops the pass. All ranks must say the same.
using ShouldStop = std::function<bool(std::int64_t done)>;

/// Passes over a whole test set: batches of similar length, one a rank and round, formed from the lengths alone, so that every result is the
/// same for any number of ranks. What all prompts begin with is computed once a rank. A pass skips what its table already has (a stopped one
/// goes on from a saved table) and returns false when it was stopped. Errors: kNumeric naming the sequence whose result is not finite.

/// p(class | prompt), (T, K); a row begins with NaN where it is not computed yet.
bool fill_class_probabilities(const Llama& model, const Adapter* adapter, TokenSequences prompts,
                              const std::vector<std::int64_t>& class_tokens, std::int64_t batch_tokens, MatrixView<double> table,
                              Communicator& world, const ShouldStop& should_stop);

/// The best hypothesis of each prompt; its score is NaN where it is not computed yet.
struct Generated {
  std::vector<std::int32_t> tokens;
  double score = std::numeric_limits<double>::quiet_NaN();
};
/// A round takes long here, so the ranks look up within it, too: when `is_urgent` is true on any of them, all give the round up, and should_stop
/// is asked. Not where layers are gathered from slices, as ranks then meet at the layers only.
bool fill_generated(const Llama& model, const Adapter* adapter, TokenSequences prompts, const BeamSettings& settings,
                    std::int64_t batch_tokens, std::vector<Generated>& table, Communicator& world, const ShouldStop& should_stop,
                    const std::function<bool()>& is_urgent = {});

/// Final-norm hidden state of each sequence's last token under the bare base model, (T, H): what titles are compared by (SPEC 3, 8). A row begins
/// with NaN where it is not computed yet.
bool fill_title_embeddings(const Llama& model, TokenSequences titles, std::int64_t batch_tokens, MatrixView<float> table,
                           Communicator& world, const ShouldStop& should_stop);

/// The text that was generated behind a prompt: what decoding adds to the decoded prompt, up to an ending token, and behind the last
/// response mark should the model have written one itself.
std::string generated_text(const Tokenizer& tokenizer, std::span<const std::int32_t> prompt, std::span<const std::int32_t> tokens);

}  // namespace goracs
