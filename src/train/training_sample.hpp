#pragma once

#include <cstdint>
#include <vector>

#include "data/prompt_tokens.hpp"

namespace goracs {

/// One sample as the losses see it: token ids of prompt and answer, and what is to be predicted.
struct TrainingSample {
  std::vector<std::int32_t> ids;  ///< prompt, answer, EOS; no padding

  /// SeqRec: token t is a label (predicted from token t - 1) for t >= first_label. A label at t = 0 would be predicted from padding.
  std::int64_t first_label = 1;

  /// CTRPre: the token whose logits predict the answer's first token, and the class it should predict.
  std::int64_t answer_position = -1;
  std::int64_t class_index = -1;
};

/// SeqRec: labelled from its first token on (`label_first`), from the second, or from the answer on (not `train_on_inputs`).
/// CTRPre: label is its class.
inline TrainingSample training_sample(const TokenisedSample& tokens, std::int64_t label, bool train_on_inputs, bool label_first) {
  const std::int64_t all = label_first ? 0 : 1;
  return {tokens.ids, train_on_inputs ? all : tokens.prompt_length, tokens.prompt_length - 1, label};
}

/// What a sample's loss is (SPEC 4, 7).
enum class LossKind {
  kTokens,   ///< cross-entropy of all labelled tokens (SeqRec)
  kClasses,  ///< cross-entropy over the classes' first tokens at the position that predicts the answer (CTRPre)
};

struct LossSettings {
  LossKind kind = LossKind::kTokens;
  std::vector<std::int64_t> class_tokens;  ///< first tokens of the classes (kClasses)
  bool label_first = false;  ///< pad on the left as the reference does, so that a label at token 0 is predicted from padding (kTokens)
  std::int32_t pad_id = 0;   ///< which token such padding is
};

}  // namespace goracs
