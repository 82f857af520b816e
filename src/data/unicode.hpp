#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace goracs::unicode {

/// A code point and the bytes it takes; bytes that are no UTF-8 count as U+FFFD, one for each maximal broken part (Unicode 15, 3.9).
struct Decoded {
  char32_t code;
  int length;
};
Decoded decode(std::string_view text, std::size_t at);
void append(std::string& text, char32_t code);

std::u32string to_code_points(std::string_view text);
/// Text in which every broken part is U+FFFD.
std::string repaired(std::string_view bytes);
bool is_valid(std::string_view bytes);
std::int64_t count_code_points(std::string_view text);

bool is_letter(char32_t code);       ///< \p{L}
bool is_number(char32_t code);       ///< \p{N}
bool is_space(char32_t code);        ///< White_Space
bool is_punctuation(char32_t code);  ///< \p{P}
bool is_other(char32_t code);        ///< control, format, surrogate, private use; not what is unassigned
bool is_nonspacing_mark(char32_t code);
char32_t to_lower(char32_t code);
/// Canonical decomposition (NFD).
std::u32string decomposed(const std::u32string& text);

}  // namespace goracs::unicode
