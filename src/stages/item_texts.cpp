#include "stages/item_texts.hpp"

namespace goracs {
namespace {

std::string_view stripped(std::string_view text, std::string_view characters) {
  const std::size_t first = text.find_first_not_of(characters);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(characters) - first + 1);
}

}  // namespace

std::string item_text(std::string_view title) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  return std::string(stripped(stripped(title, kSpaces), "\""));
}

std::vector<TokenId> title_tokens(const Tokenizer& tokenizer, const std::string& text) {
  std::vector<TokenId> tokens = tokenizer.encode(text);
  const SpecialIds& special = tokenizer.special();
  if (tokens.empty()) tokens.push_back(special.bos.value_or(special.eos.value_or(0)));
  return tokens;
}

}  // namespace goracs
