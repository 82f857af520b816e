#include "data/unicode.hpp"

#include <utf8proc.h>

#include <array>

#include "base/error.hpp"

namespace goracs::unicode {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kHighest = 0x10FFFF;

utf8proc_category_t category(char32_t code) {
  return code <= kHighest ? utf8proc_category(static_cast<utf8proc_int32_t>(code)) : UTF8PROC_CATEGORY_CN;
}

enum Class : std::uint8_t { kLetter = 1, kNumber = 2, kPunctuation = 4, kOther = 8 };

std::uint8_t classes_of_code(char32_t code) {
  switch (category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return kNumber;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return kPunctuation;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO: return kOther;
    default: return 0;
  }
}

/// The classes of the first code points from a table: nearly all text is there.
std::uint8_t fast_classes(char32_t code) {
  constexpr char32_t kFirstCodes = 0x3000;
  static const std::array<std::uint8_t, kFirstCodes> kTable = [] {
    std::array<std::uint8_t, kFirstCodes> filled{};
    for (char32_t c = 0; c < kFirstCodes; ++c) filled[c] = classes_of_code(c);
    return filled;
  }();
  return code < kFirstCodes ? kTable[code] : classes_of_code(code);
}

}  // namespace

Decoded decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t k) -> unsigned { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U; };
  const unsigned first = byte(at);
  if (first < 0x80) return {first, 1};
  int length = first >= 0xC2 && first <= 0xDF ? 2 : first >= 0xE0 && first <= 0xEF ? 3 : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
  if (length == 0) return {kReplacement, 1};
  // the second byte's range keeps out overlong forms, surrogates and code points beyond U+10FFFF
  unsigned low = 0x80, high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  char32_t code = first & (0xFFU >> (length + 1));
  for (int k = 1; k < length; ++k, low = 0x80, high = 0xBF) {
    const unsigned next = byte(at + static_cast<std::size_t>(k));
    if (next < low || next > high) return {kReplacement, k};
    code = code << 6 | (next & 0x3FU);
  }
  return {code, length};
}

void append(std::string& text, char32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | code >> 18);
    text += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
}

std::u32string to_code_points(std::string_view text) {
  std::u32string codes;
  codes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Decoded next = decode(text, at);
    codes += next.code;
    at += static_cast<std::size_t>(next.length);
  }
  return codes;
}

std::string repaired(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const Decoded next = decode(bytes, at);
    append(text, next.code);
    at += static_cast<std::size_t>(next.length);
  }
  return text;
}

bool is_valid(std::string_view bytes) { return repaired(bytes) == bytes; }

std::int64_t count_code_points(std::string_view text) {
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) at += static_cast<std::size_t>(decode(text, at).length);
  return count;
}

bool is_letter(char32_t code) { return (fast_classes(code) & kLetter) != 0; }
bool is_number(char32_t code) { return (fast_classes(code) & kNumber) != 0; }
bool is_punctuation(char32_t code) { return (fast_classes(code) & kPunctuation) != 0; }
bool is_other(char32_t code) { return (fast_classes(code) & kOther) != 0; }
bool is_nonspacing_mark(char32_t code) { return code >= 0x300 && category(code) == UTF8PROC_CATEGORY_MN; }

bool is_space(char32_t code) {
  return (code >= 9 && code <= 13) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

char32_t to_lower(char32_t code) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))); }

std::u32string decomposed(const std::u32string& text) {
  std::string bytes;
  for (const char32_t code : text) append(bytes, code);
  utf8proc_uint8_t* mapped = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()), static_cast<utf8proc_ssize_t>(bytes.size()),
                                 &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE));
  GORACS_CHECK_INPUT(size >= 0, "text cannot be decomposed: {}", utf8proc_errmsg(size));
  std::u32string result = to_code_points({reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size)});
  ::free(mapped);
  return result;
}

}  // namespace goracs::unicode
