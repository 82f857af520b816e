#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace goracs {

using TokenId = std::int32_t;

struct EncodeOptions {
  bool add_special_tokens = true;  ///< what the tokenizer puts in front of and behind a text by itself
  bool special_in_text = false;    ///< "</s>" in the text is the special token; text from data never asks for this
  std::int64_t max_length = 0;     ///< 0: no truncation; else the first so many ids, with room kept for the added special ones
};

/// Ids that the model's own files name; none where they do not.
struct SpecialIds {
  std::optional<TokenId> bos, eos, pad, unk;
};

/// Text to token ids and back, as the tokenizer's authors do it. Not safe to share between threads (it remembers words).
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const = 0;
  std::vector<TokenId> encode(std::string_view text) const { return encode(text, {}); }
  virtual std::string decode(const std::vector<TokenId>& ids, bool skip_special) const = 0;
  virtual std::int64_t vocab_size() const = 0;  ///< ids are below this
  /// What kind it is, for logs and hashes: "byte-level BPE", "WordPiece", "SentencePiece", ...
  virtual std::string kind() const = 0;

  const SpecialIds& special() const noexcept { return special_; }
  void name_special(const SpecialIds& special) { special_ = special; }

 private:
  SpecialIds special_;
};

/// The tokenizer of a Hugging Face folder: tokenizer.model where there is one, else tokenizer.json; special ids from
/// special_tokens_map.json, tokenizer_config.json and config.json. Errors: kInput naming the file and what is not supported.
std::unique_ptr<Tokenizer> open_tokenizer(const std::filesystem::path& folder);

/// One file. `legacy` (SentencePiece only): every stretch of text between special tokens gets the dummy prefix.
std::unique_ptr<Tokenizer> open_tokenizer_json(const std::filesystem::path& file);
std::unique_ptr<Tokenizer> open_sentencepiece(const std::filesystem::path& file, bool legacy);

/// SHA-256 over kind, special ids and the ids of probe texts: two tokenizers with one hash cut text alike.
std::string tokenizer_fingerprint(const Tokenizer& tokenizer);

}  // namespace goracs
