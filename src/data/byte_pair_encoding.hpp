#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/tokenizer.hpp"

namespace goracs {

/// What a word that is no single token starts from.
enum class Symbols {
  kBytes,       ///< byte-level BPE: one symbol a byte
  kCharacters,  ///< SentencePiece style: one symbol a code point, unknown ones as UTF-8 bytes <0xNN> or the unknown token
};

/// Byte pair encoding (Sennrich et al., arXiv 1508.07909): merges the pair of lowest rank, leftmost first, until none is left.
class BytePairEncoding {
 public:
  struct Settings {
    Symbols symbols = Symbols::kBytes;
    bool byte_fallback = false;
    bool ignore_merges = false;  ///< a word that is itself a token is taken whole
    bool fuse_unknown = false;   ///< neighbouring unknown characters become one unknown token
    std::optional<TokenId> unknown;
  };

  /// vocab: token text to id (for kBytes the token's raw bytes); merges: pairs of token texts in rank order.
  /// Errors: kInput when a merge names a token that is not in the vocabulary.
  BytePairEncoding(std::unordered_map<std::string, TokenId> vocab, const std::vector<std::pair<std::string, std::string>>& merges,
                   const Settings& settings, const std::string& file);

  /// Appends the ids of one word.
  void encode(std::string_view word, std::vector<TokenId>& ids) const;

 private:
  struct Merge {
    std::int32_t rank;
    TokenId merged;
  };
  /// A part of the word as a doubly linked list; `id` below 0 once merged into the left neighbour.
  struct Part {
    TokenId id;
    std::int32_t previous, next;
  };
  struct TextHash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard asks for this name
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  void symbols_of(std::string_view word) const;
  void merge_few() const;
  void merge_many() const;
  const Merge* find(TokenId left, TokenId right) const;

  std::unordered_map<std::string, TokenId, TextHash, std::equal_to<>> vocab_;
  std::vector<std::uint64_t> merge_keys_;  ///< open addressing: (left, right), kEmpty where free
  std::vector<Merge> merge_values_;
  std::uint64_t merge_mask_ = 0;
  Settings settings_;
  TokenId byte_ids_[256];  ///< of the bytes themselves (kBytes) or of <0xNN>; -1 where there is none
  mutable std::vector<Part> parts_;
  mutable std::unordered_map<std::string, std::vector<TokenId>, TextHash, std::equal_to<>> remembered_;
};

}  // namespace goracs
