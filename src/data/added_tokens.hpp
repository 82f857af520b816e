#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer.hpp"

namespace goracs {

/// A token that is cut out of the text before anything else happens to it.
struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool special = false;
  bool lstrip = false;  ///< swallows white space on its left
  bool rstrip = false;
  bool single_word = false;
};

/// The added tokens of a tokenizer; the leftmost match wins, of several there the longest.
class AddedTokens {
 public:
  void add(AddedToken token);
  const AddedToken* find(TokenId id) const;
  const AddedToken* find(std::string_view content) const;
  const std::vector<AddedToken>& all() const noexcept { return tokens_; }

  /// Cuts `text`: `stretch(part, offset)` for text between tokens (never empty), `token(id)` for each token. Special ones only when asked.
  void cut(std::string_view text, bool special_in_text, const std::function<void(std::string_view, std::size_t)>& stretch,
           const std::function<void(TokenId)>& token) const;

 private:
  const AddedToken* match_at(std::string_view text, std::size_t at, bool special_in_text) const;

  std::vector<AddedToken> tokens_;
  bool first_bytes_[256] = {};
};

}  // namespace goracs
