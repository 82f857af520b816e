#include "eval/beam_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace goracs {

std::vector<BeamCandidate> best_candidates(const float* logits, std::int64_t vocabulary, std::span<const float> normaliser,
                                           std::span<const float> running, std::int64_t count) {
  std::vector<BeamCandidate> best;
  best.reserve(static_cast<std::size_t>(count) + 1);
  float worst = -std::numeric_limits<float>::infinity();
  const auto is_full = [&] { return static_cast<std::int64_t>(best.size()) == count; };
  for (std::size_t beam = 0; beam < running.size(); ++beam) {
    const float* row = logits + static_cast<std::int64_t>(beam) * vocabulary;
    for (std::int64_t token = 0; token < vocabulary; ++token) {
      const float score = running[beam] + (row[token] - normaliser[beam]);
      if (is_full() && !(score > worst)) continue;  // in flat order, so an equal one that comes later stays behind
      const auto place =
          std::upper_bound(best.begin(), best.end(), score, [](float s, const BeamCandidate& other) { return s > other.score; });
      best.insert(place, {score, static_cast<std::int64_t>(beam), static_cast<std::int32_t>(token)});
      if (static_cast<std::int64_t>(best.size()) > count) best.pop_back();
      if (is_full()) worst = best.back().score;
    }
  }
  return best;
}

BeamSearch::BeamSearch(const BeamSettings& settings, std::int64_t prompt_columns) : settings_(settings), prompt_columns_(prompt_columns) {
  open_ = settings_.max_new_tokens > 0;
  if (!open_) finished_.push_back({});
}

std::int64_t BeamSearch::candidates_wanted() const {
  if (settings_.num_beams == 1) return 1;
  return std::max<std::int64_t>(2, 1 + static_cast<std::int64_t>(settings_.eos.size())) * settings_.num_beams;
}

void BeamSearch::advance(std::span<const BeamCandidate> candidates) {
  ++steps_;
  if (settings_.num_beams == 1) return advance_greedily(candidates.front());

  const bool is_last = steps_ == settings_.max_new_tokens;
  const bool whole = settings_.whole_length;
  const std::int64_t length = whole ? prompt_columns_ + steps_ - 1 : steps_;
  const std::size_t beams = static_cast<std::size_t>(settings_.num_beams);
  for (std::size_t k = 0; k < std::min(beams, candidates.size()); ++k)
    if (ends(candidates[k].token) || (is_last && !whole)) finish(candidates[k].score, length, with(candidates[k]));

  std::vector<Beam> next;
  for (const BeamCandidate& candidate : candidates)
    if (next.size() < beams && !ends(candidate.token)) next.push_back({candidate.score, candidate.beam, with(candidate)});
  running_ = std::move(next);
  if (is_last && whole)
    for (const Beam& beam : running_) finish(beam.score, prompt_columns_ + steps_, beam.tokens);

  if (is_last || running_.empty()) {
    open_ = false;
  } else if (finished_.size() == beams) {
    const double best_sum = whole ? candidates.front().score : running_.front().score;
    open_ = best_sum / std::pow(static_cast<double>(length), settings_.length_penalty) > finished_.back().score;
  }
}

void BeamSearch::advance_greedily(const BeamCandidate& best) {
  running_ = {Beam{best.score, 0, with(best)}};
  open_ = !ends(best.token) && steps_ < settings_.max_new_tokens;
  if (!open_) finished_.push_back({running_.front().tokens, best.score});
}

bool BeamSearch::ends(std::int32_t token) const {
  return std::find(settings_.eos.begin(), settings_.eos.end(), token) != settings_.eos.end();
}

/// Keeps the best `num_beams`; among equal scores the one that finished first.
void BeamSearch::finish(double sum, std::int64_t length, std::vector<std::int32_t> tokens) {
  const double score = sum / std::pow(static_cast<double>(length), settings_.length_penalty);
  const auto place =
      std::upper_bound(finished_.begin(), finished_.end(), score, [](double s, const Hypothesis& other) { return s > other.score; });
  finished_.insert(place, {std::move(tokens), score});
  if (static_cast<std::int64_t>(finished_.size()) > settings_.num_beams) finished_.pop_back();
}

std::vector<std::int32_t> BeamSearch::with(const BeamCandidate& candidate) const {
  std::vector<std::int32_t> tokens = running_[static_cast<std::size_t>(candidate.beam)].tokens;
  tokens.push_back(candidate.token);
  return tokens;
}

}  // namespace goracs
