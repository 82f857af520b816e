#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/prompt_template.hpp"
#include "data/sample_table.hpp"
#include "data/tokenizer.hpp"

namespace goracs {

/// What happens to a sample longer than prompt.cutoff_len.
enum class Truncate {
  kHistory,    ///< the oldest titles go until prompt and answer fit
  kReference,  ///< the tokens are cut, the answer first
};

struct PromptSettings {
  Task task = Task::kSeqRec;
  std::int64_t cutoff_len = 512;
  Truncate truncate = Truncate::kHistory;
  std::vector<std::string> classes;  ///< CTRPre: the answers
};

/// A sample as a language model sees it: prompt, answer, and EOS where there is room for it.
struct TokenisedSample {
  std::vector<TokenId> ids;
  std::int64_t prompt_length = 0;  ///< tokens in front of the answer's first one: ids[prompt_length - 1] predicts it
  bool shortened = false;
};

/// Samples to token ids (SPEC 2). Not safe to share between threads, like its tokenizer.
///
/// Where the answer begins is found in the tokenised whole text: "Yes" alone may have another id than "Yes" behind a prompt.
class PromptTokens {
 public:
  /// Errors: kInput when two classes' answers begin with the same token.
  PromptTokens(const Tokenizer& tokenizer, const PromptTemplate& prompt_template, const PromptSettings& settings);

  /// `name` is what errors call the sample ("train sample 12").
  /// Errors: kInput when a CTRPre answer does not fit or does not begin with its class's token.
  TokenisedSample with_answer(const SampleView& sample, const std::string& name) const;
  /// The prompt alone, as generation starts from it: at most cutoff_len tokens, no EOS.
  TokenisedSample without_answer(const SampleView& sample) const;

  /// First tokens of the classes' answers, in the order of the classes (CTRPre).
  const std::vector<TokenId>& class_tokens() const noexcept { return class_tokens_; }

 private:
  void find_class_tokens();
  std::vector<TokenId> encode(const std::string& text, std::int64_t most = 0) const;
  template <class Text>
  TokenisedSample fitted(const SampleView& sample, Text text, std::string& input) const;

  const Tokenizer& tokenizer_;
  const PromptTemplate& template_;
  PromptSettings settings_;
  std::vector<TokenId> class_tokens_;
  std::int64_t merged_ = 0;  ///< how many of the prompt's own last tokens are others once an answer follows
};

/// What the encoder reads: SeqRec prompt and output, CTRPre the prompt with an empty response.
std::string embedding_text(const PromptTemplate& prompt_template, Task task, const SampleView& sample);

}  // namespace goracs
