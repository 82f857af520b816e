#include "data/word_piece.hpp"

#include "data/unicode.hpp"

namespace goracs {
namespace {

bool is_cjk(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool is_bert_punctuation(char32_t c) {
  const bool ascii = (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  return ascii || unicode::is_punctuation(c);
}

bool is_plain_space(char32_t c) { return c == U'\t' || c == U'\n' || c == U'\r' || unicode::is_space(c); }

}  // namespace

std::u32string BertNormalizer::operator()(std::string_view text) const {
  std::u32string clean;
  bool ascii = true;
  for (const char32_t c : unicode::to_code_points(text)) {
    if (clean_text && (c == 0 || c == 0xFFFD || (unicode::is_other(c) && c != U'\t' && c != U'\n' && c != U'\r'))) continue;
    const char32_t kept = clean_text && is_plain_space(c) ? U' ' : c;
    ascii = ascii && kept < 0x80;
    if (handle_chinese_chars && is_cjk(kept)) {
      clean += {U' ', kept, U' '};
    } else {
      clean += kept;
    }
  }
  if (strip_accents && !ascii) {
    clean = unicode::decomposed(clean);
    std::erase_if(clean, unicode::is_nonspacing_mark);
  }
  if (lowercase)
    for (char32_t& c : clean) c = unicode::to_lower(c);
  return clean;
}

void WordPiece::encode_word(std::u32string_view word, std::vector<TokenId>& ids) const {
  if (static_cast<std::int64_t>(word.size()) > settings_.longest_word) return ids.push_back(settings_.unknown);
  const std::size_t first = ids.size();
  // byte offsets of the code points, so that each trial is a part of one string
  std::string bytes;
  std::vector<std::size_t> offset = {0};
  for (const char32_t c : word) {
    unicode::append(bytes, c);
    offset.push_back(bytes.size());
  }
  for (std::size_t begin = 0; begin < word.size();) {
    std::size_t end = word.size();
    for (; end > begin; --end) {
      const std::string part = bytes.substr(offset[begin], offset[end] - offset[begin]);
      const auto found = vocab_.find(begin == 0 ? part : settings_.continuing_prefix + part);
      if (found == vocab_.end()) continue;
      ids.push_back(found->second);
      break;
    }
    if (end == begin) {  // nothing fits: the whole word is unknown
      ids.resize(first);
      return ids.push_back(settings_.unknown);
    }
    begin = end;
  }
}

void WordPiece::encode(const std::u32string& normalized, std::vector<TokenId>& ids) const {
  const std::u32string_view text = normalized;
  for (std::size_t at = 0; at < text.size();) {
    if (is_plain_space(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (!is_bert_punctuation(text[at]))
      while (end < text.size() && !is_plain_space(text[end]) && !is_bert_punctuation(text[end])) ++end;
    encode_word(text.substr(at, end - at), ids);
    at = end;
  }
}

}  // namespace goracs
