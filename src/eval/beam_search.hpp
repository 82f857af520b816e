#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace goracs {

struct BeamSettings {
  std::int64_t num_beams = 2;
  std::int64_t max_new_tokens = 128;
  double length_penalty = 1;
  std::vector<std::int32_t> eos;  ///< any of them ends a text
  /// Divide by the length of the whole padded sequence, and stop by the best candidate, finished or not: transformers before 4.36, which the
  /// reference used (`evaluate.length_norm: reference`).
  bool whole_length = false;
};

/// A running beam with one more token: `score` is the sum of log-probabilities, that token's included.
struct BeamCandidate {
  float score;
  std::int64_t beam;
  std::int32_t token;
};

struct Hypothesis {
  std::vector<std::int32_t> tokens;  ///< new tokens only, the ending one included
  double score = 0;
};

/// The best `count` of running beams x vocabulary, best first, ties to the lower (beam, token).
///   logits  (beams, vocabulary)     normaliser (beams): logsumexp of each row     running (beams): scores so far
std::vector<BeamCandidate> best_candidates(const float* logits, std::int64_t vocabulary, std::span<const float> normaliser,
                                           std::span<const float> running, std::int64_t count);

/// Beam search over one prompt (golden/CONVENTIONS, "Beam search", early_stopping off). One beam is greedy search: it ends at the first EOS.
class BeamSearch {
 public:
  struct Beam {
    float score = 0;
    std::int64_t parent = 0;  ///< which of the beams before this step it goes on from
    std::vector<std::int32_t> tokens;
  };

  /// prompt_columns: the padded length of the prompt, for `whole_length`
  BeamSearch(const BeamSettings& settings, std::int64_t prompt_columns);

  /// How many candidates a step wants: max(2, 1 + number of EOS ids) * beams.
  std::int64_t candidates_wanted() const;
  /// Takes the next step from its best candidates.
  void advance(std::span<const BeamCandidate> candidates);

  bool is_open() const noexcept { return open_; }
  /// The beams that go on: one before the first step, then up to `num_beams`.
  const std::vector<Beam>& running() const noexcept { return running_; }
  /// Best first, once the search is closed.
  const std::vector<Hypothesis>& finished() const noexcept { return finished_; }

 private:
  bool ends(std::int32_t token) const;
  void advance_greedily(const BeamCandidate& best);
  void finish(double sum, std::int64_t length, std::vector<std::int32_t> tokens);
  std::vector<std::int32_t> with(const BeamCandidate& candidate) const;

  BeamSettings settings_;
  std::int64_t prompt_columns_;
  std::int64_t steps_ = 0;
  bool open_ = true;
  std::vector<Beam> running_ = {Beam{}};
  std::vector<Hypothesis> finished_;
};

}  // namespace goracs
