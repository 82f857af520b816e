#include "data/added_tokens.hpp"

#include "data/unicode.hpp"

namespace goracs {
namespace {

bool is_word_character(char32_t c) { return c == U'_' || unicode::is_letter(c) || unicode::is_number(c); }

std::size_t before(std::string_view text, std::size_t at) {
  do --at;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

}  // namespace

void AddedTokens::add(AddedToken token) {
  if (token.content.empty()) return;
  first_bytes_[static_cast<unsigned char>(token.content[0])] = true;
  for (AddedToken& known : tokens_)
    if (known.content == token.content) {
      known = std::move(token);
      return;
    }
  tokens_.push_back(std::move(token));
}

const AddedToken* AddedTokens::find(TokenId id) const {
  for (const AddedToken& token : tokens_)
    if (token.id == id) return &token;
  return nullptr;
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  for (const AddedToken& token : tokens_)
    if (token.content == content) return &token;
  return nullptr;
}

const AddedToken* AddedTokens::match_at(std::string_view text, std::size_t at, bool special_in_text) const {
  const AddedToken* longest = nullptr;
  for (const AddedToken& token : tokens_) {
    if (token.special && !special_in_text) continue;
    if (text.compare(at, token.content.size(), token.content) != 0) continue;
    if (token.single_word) {
      const std::size_t end = at + token.content.size();
      if (at > 0 && is_word_character(unicode::decode(text, before(text, at)).code)) continue;
      if (end < text.size() && is_word_character(unicode::decode(text, end).code)) continue;
    }
    if (longest == nullptr || token.content.size() > longest->content.size()) longest = &token;
  }
  return longest;
}

void AddedTokens::cut(std::string_view text, bool special_in_text, const std::function<void(std::string_view, std::size_t)>& stretch,
                      const std::function<void(TokenId)>& token) const {
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* found = first_bytes_[static_cast<unsigned char>(text[at])] ? match_at(text, at, special_in_text) : nullptr;
    if (found == nullptr) {
      ++at;
      continue;
    }
    std::size_t end_of_stretch = at, next = at + found->content.size();
    if (found->lstrip)
      while (end_of_stretch > begin && unicode::is_space(unicode::decode(text, before(text, end_of_stretch)).code))
        end_of_stretch = before(text, end_of_stretch);
    if (found->rstrip)
      while (next < text.size() && unicode::is_space(unicode::decode(text, next).code))
        next += static_cast<std::size_t>(unicode::decode(text, next).length);
    if (end_of_stretch > begin) stretch(text.substr(begin, end_of_stretch - begin), begin);
    token(found->id);
    begin = at = next;
  }
  if (begin < text.size()) stretch(text.substr(begin), begin);
}

}  // namespace goracs
