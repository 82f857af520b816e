#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/tokenizer.hpp"

namespace goracs {

/// BERT's normaliser: control characters dropped, every white space a space, spaces around CJK ideographs, accents stripped, lower case.
struct BertNormalizer {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
  std::u32string operator()(std::string_view text) const;
};

/// WordPiece (Schuster and Nakajima 2012): of each word the longest token in the vocabulary, then the longest continuation, and so on.
class WordPiece {
 public:
  struct Settings {
    std::string continuing_prefix = "##";
    std::int64_t longest_word = 100;  ///< in code points; longer words are unknown
    TokenId unknown = 0;
  };
  WordPiece(std::unordered_map<std::string, TokenId> vocab, const Settings& settings) : vocab_(std::move(vocab)), settings_(settings) {}

  /// Words are what lies between white space; punctuation characters are words of their own.
  void encode(const std::u32string& normalized, std::vector<TokenId>& ids) const;

 private:
  void encode_word(std::u32string_view word, std::vector<TokenId>& ids) const;

  std::unordered_map<std::string, TokenId> vocab_;
  Settings settings_;
};

}  // namespace goracs
