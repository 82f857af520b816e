#include "data/prompt_tokens.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace goracs {
namespace {

std::int64_t common_prefix(const std::vector<TokenId>& a, const std::vector<TokenId>& b) {
  const auto different = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return different.first - a.begin();
}

}  // namespace

PromptTokens::PromptTokens(const Tokenizer& tokenizer, const PromptTemplate& prompt_template, const PromptSettings& settings)
    : tokenizer_(tokenizer), template_(prompt_template), settings_(settings) {
  if (settings_.task == Task::kCtrPre) find_class_tokens();
}

std::vector<TokenId> PromptTokens::encode(const std::string& text, std::int64_t most) const {
  EncodeOptions options;
  options.max_length = most;
  return tokenizer_.encode(text, options);
}

void PromptTokens::find_class_tokens() {
  constexpr const char* kProbe = "-";  // any input: what stands right in front of the answer is the template's
  const auto prompt = encode(template_.prompt(kProbe, kProbe));
  std::vector<std::vector<TokenId>> whole;
  auto length = static_cast<std::int64_t>(prompt.size());
  for (const std::string& answer : settings_.classes) {
    GORACS_CHECK_INPUT(!answer.empty(), "class {} is empty: no token answers it", whole.size());
    whole.push_back(encode(template_.text(kProbe, kProbe, answer)));
    length = std::min(length, common_prefix(prompt, whole.back()));
  }
  merged_ = static_cast<std::int64_t>(prompt.size()) - length;
  for (std::size_t k = 0; k < whole.size(); ++k) {
    GORACS_CHECK_INPUT(static_cast<std::int64_t>(whole[k].size()) > length, "class {}: '{}' gives no token behind the prompt", k,
                       settings_.classes[k]);
    const TokenId first = whole[k][static_cast<std::size_t>(length)];
    const auto same = std::find(class_tokens_.begin(), class_tokens_.end(), first);
    GORACS_CHECK_INPUT(same == class_tokens_.end(),
                       "the answers '{}' and '{}' begin with the same token ({}): their probabilities cannot be told apart",
                       settings_.classes[static_cast<std::size_t>(same - class_tokens_.begin())], settings_.classes[k], first);
    class_tokens_.push_back(first);
  }
}

/// The tokens of text(input), which is shortened by the oldest titles, then by cutting tokens; `input` is what stayed of the sample's.
template <class Text>
TokenisedSample PromptTokens::fitted(const SampleView& sample, Text text, std::string& input) const {
  const auto most = static_cast<std::size_t>(settings_.cutoff_len);
  TokenisedSample tokens;
  input = sample.input;
  tokens.ids = encode(text(input));
  tokens.shortened = tokens.ids.size() > most;
  if (settings_.truncate == Truncate::kHistory)
    for (std::size_t dropped = 1; tokens.ids.size() > most && dropped <= sample.history.size(); ++dropped) {
      input = without_oldest_titles(sample.input, sample.history, dropped);
      tokens.ids = encode(text(input));
    }
  if (tokens.ids.size() > most) tokens.ids = encode(text(input), settings_.cutoff_len);
  return tokens;
}

TokenisedSample PromptTokens::with_answer(const SampleView& sample, const std::string& name) const {
  std::string input;
  TokenisedSample tokens =
      fitted(sample, [&](const std::string& shown) { return template_.text(sample.instruction, shown, sample.output); }, input);
  const auto prompt = encode(template_.prompt(sample.instruction, input));
  const std::int64_t shared = common_prefix(prompt, tokens.ids);
  const auto length = static_cast<std::int64_t>(tokens.ids.size());
  if (settings_.task == Task::kSeqRec) {
    tokens.prompt_length = shared;
  } else {
    tokens.prompt_length = static_cast<std::int64_t>(prompt.size()) - merged_;
    GORACS_CHECK_INPUT(tokens.prompt_length < length, "{}: {} tokens of prompt leave no room for the answer (prompt.cutoff_len {})", name,
                       tokens.prompt_length, settings_.cutoff_len);
    const auto label = static_cast<std::size_t>(sample.label);
    GORACS_CHECK_INPUT(label < class_tokens_.size(), "{}: class {}, but there are {}", name, sample.label, class_tokens_.size());
    const TokenId first = tokens.ids[static_cast<std::size_t>(tokens.prompt_length)];
    GORACS_CHECK_INPUT(shared >= tokens.prompt_length && first == class_tokens_[label],
                       "{}: behind its prompt '{}' begins with token {}, elsewhere with {}: the template must separate input and output",
                       name, sample.output, first, class_tokens_[label]);
  }
  const auto eos = tokenizer_.special().eos;
  if (eos && length < settings_.cutoff_len && (tokens.ids.empty() || tokens.ids.back() != *eos)) tokens.ids.push_back(*eos);
  return tokens;
}

TokenisedSample PromptTokens::without_answer(const SampleView& sample) const {
  std::string input;
  TokenisedSample tokens = fitted(sample, [&](const std::string& shown) { return template_.prompt(sample.instruction, shown); }, input);
  tokens.prompt_length = static_cast<std::int64_t>(tokens.ids.size());
  return tokens;
}

std::string embedding_text(const PromptTemplate& prompt_template, Task task, const SampleView& sample) {
  return prompt_template.text(sample.instruction, sample.input, task == Task::kSeqRec ? sample.output : std::string_view());
}

}  // namespace goracs
