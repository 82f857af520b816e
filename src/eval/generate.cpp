#include "eval/generate.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "eval/beam_cache.hpp"
#include "eval/best_candidates.hpp"

namespace goracs {
namespace {

/// Every open search takes its step from logits (N, beams, V); searches[n] belongs to row n.
void advance_all(std::vector<BeamSearch*>& searches, const at::Tensor& logits) {
  std::vector<std::vector<float>> running(searches.size());
  for (std::size_t n = 0; n < searches.size(); ++n)
    if (searches[n]->is_open())
      for (const auto& beam : searches[n]->running()) running[n].push_back(beam.score);
  const auto best = best_candidates(logits, running, searches.front()->candidates_wanted());
  for (std::size_t n = 0; n < searches.size(); ++n)
    if (searches[n]->is_open()) searches[n]->advance(best[n]);
}

/// The rows of searches that are still open.
std::vector<std::int64_t> open_rows(const std::vector<BeamSearch*>& searches) {
  std::vector<std::int64_t> rows;
  for (std::size_t n = 0; n < searches.size(); ++n)
    if (searches[n]->is_open()) rows.push_back(static_cast<std::int64_t>(n));
  return rows;
}

/// What each beam of each row was extended by, and from which beam. Rows that are closed, or have fewer beams, repeat something harmless.
struct NextTokens {
  std::vector<std::int64_t> token, parent;
};

NextTokens next_tokens(const std::vector<BeamSearch*>& searches, std::int64_t num_beams) {
  NextTokens next;
  for (const BeamSearch* search : searches) {
    const auto& beams = search->running();
    for (std::int64_t w = 0; w < num_beams; ++w) {
      const auto* beam = beams.empty() ? nullptr : &beams[std::min(static_cast<std::size_t>(w), beams.size() - 1)];
      next.token.push_back(beam == nullptr ? 0 : beam->tokens.back());
      next.parent.push_back(beam == nullptr ? 0 : beam->parent);
    }
  }
  return next;
}

}  // namespace

std::vector<std::vector<Hypothesis>> generate(const Llama& model, const Adapter* adapter, const PrefixCache& prefix,
                                              std::span<const std::span<const std::int32_t>> prompts, const BeamSettings& settings,
                                              std::int64_t prompt_columns, const std::function<bool()>& gives_up) {
  const at::NoGradGuard no_graph;
  std::vector<BeamSearch> all(prompts.size(), BeamSearch(settings, prompt_columns));
  std::vector<BeamSearch*> searches;  // of the rows that are still computed
  for (BeamSearch& search : all) searches.push_back(&search);

  std::vector<KeyValue> kept;
  const at::Tensor first = last_hidden(model, adapter, prefix, prompts, &kept);
  if (settings.max_new_tokens > 0) advance_all(searches, model.logits(first).unsqueeze(1));

  std::vector<std::int64_t> suffix_length;
  for (const auto& prompt : prompts) suffix_length.push_back(static_cast<std::int64_t>(prompt.size()) - prefix.size());
  at::Tensor position = at::tensor(suffix_length, model.indices()) + prefix.size();  // (N) of the next token
  BeamCache cache(prefix, kept, suffix_length, settings.num_beams, settings.max_new_tokens);
  kept.clear();
  for (std::vector<std::int64_t> rows = open_rows(searches); !rows.empty(); rows = open_rows(searches)) {
    if (gives_up && gives_up()) return {};
    // leaving the batch costs one copy of the cache: done once a quarter is closed
    if (4 * rows.size() <= 3 * searches.size()) {
      const at::Tensor chosen = at::tensor(rows, model.indices());
      cache.keep(chosen);
      position = position.index_select(0, chosen);
      std::vector<BeamSearch*> open;
      for (const std::int64_t n : rows) open.push_back(searches[static_cast<std::size_t>(n)]);
      searches = std::move(open);
    }
    const NextTokens next = next_tokens(searches, settings.num_beams);
    cache.begin_step(next.parent);
    const at::Tensor ids = at::tensor(next.token, model.indices()).view({-1, settings.num_beams});
    const Rotary rotary = Rotary::at_positions(model.config(), position.unsqueeze(1), model.dtype());
    advance_all(searches, model.logits(model.final_norm(model.layers(model.embed(ids), {rotary, &cache, adapter, {}}))));
    position += 1;
  }

  std::vector<std::vector<Hypothesis>> results;
  for (const BeamSearch& search : all) results.push_back(search.finished());
  return results;
}

}  // namespace goracs
