#include "base/utf8.hpp"

#include <cstddef>

namespace goracs {
namespace {

constexpr unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

/// Bytes of the character that begins here, by its first byte; 0 when none begins so.
constexpr std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

/// RFC 3629, section 4: what the second byte may be besides 80..BF.
constexpr bool second_fits(unsigned char first, unsigned char second) {
  switch (first) {
    case 0xE0: return second >= 0xA0;
    case 0xED: return second <= 0x9F;
    case 0xF0: return second >= 0x90;
    case 0xF4: return second <= 0x8F;
    default: return true;
  }
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char first = byte_at(text, i);
    const std::size_t length = length_of(first);
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((byte_at(text, i + k) & 0xC0) != 0x80) return false;
    if (length > 1 && !second_fits(first, byte_at(text, i + 1))) return false;
    i += length;
  }
  return true;
}

}  // namespace goracs
