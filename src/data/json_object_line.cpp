#include "data/json_object_line.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "data/ascii.hpp"
#include "data/unicode.hpp"

namespace goracs {
namespace {

constexpr int kDeepest = 500;  // levels; more is no review

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

#ifdef __SSE2__
constexpr std::ptrdiff_t kVector = sizeof(__m128i);

/// 16 bytes, and which of them are quotes, backslashes or control characters.
struct SeenBytes {
  __m128i bytes, stops;

  explicit SeenBytes(const char* at) : bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    stops = _mm_or_si128(control, _mm_or_si128(quote, backslash));
  }
};

/// Bit k of the result: the top bit of byte k.
unsigned top_bits(__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }
#endif

/// The first quote, backslash or control character; `beyond_ascii` is set when a byte above 127 lies before it.
const char* end_of_plain(const char* at, const char* end, bool& beyond_ascii) {
  unsigned high = 0;
#ifdef __SSE2__  // where the compiler vectorises the loop below, it folds each block to one byte and so loses the place
  for (; end - at >= 4 * kVector; at += 4 * kVector) {
    const SeenBytes a(at), b(at + kVector), c(at + 2 * kVector), d(at + 3 * kVector);
    if (top_bits(_mm_or_si128(_mm_or_si128(a.stops, b.stops), _mm_or_si128(c.stops, d.stops))) != 0) break;
    high |= top_bits(_mm_or_si128(_mm_or_si128(a.bytes, b.bytes), _mm_or_si128(c.bytes, d.bytes))) != 0 ? 0x80 : 0;
  }
  for (unsigned stops = 0; stops == 0 && end - at >= kVector;) {
    const SeenBytes seen(at);
    stops = top_bits(seen.stops);
    const unsigned before = stops == 0 ? ~0U : (1U << std::countr_zero(stops)) - 1;
    high |= (top_bits(seen.bytes) & before) != 0 ? 0x80 : 0;
    at += stops == 0 ? kVector : std::countr_zero(stops);
  }
#endif
  for (; at < end; ++at) {
    const auto c = static_cast<unsigned char>(*at);
    if (c == '"' || c == '\\' || c < 0x20) break;
    high |= c;
  }
  if (high >= 0x80) beyond_ascii = true;
  return at;
}

std::uint32_t hex_value(std::string_view digits) {
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

}  // namespace

JsonObjectLine::JsonObjectLine(std::string_view line) : at_(line.data()), end_(line.data() + line.size()) {}

bool JsonObjectLine::stop(std::string_view reason) {
  reason_ = reason;
  return false;
}

void JsonObjectLine::skip_space() {
  while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n')) ++at_;
}

bool JsonObjectLine::read_escape() {
  ++at_;
  if (at_ == end_) return stop("a string does not end");
  if (*at_ == 'u') {
    for (int k = 1; k <= 4; ++k)
      if (end_ - at_ <= k || !is_hex(at_[k])) return stop("\\u without four hexadecimal digits");
    at_ += 5;
    return true;
  }
  if (std::strchr("\"\\/bfnrt", *at_) == nullptr || *at_ == '\0') return stop("an unknown escape in a string");
  ++at_;
  return true;
}

bool JsonObjectLine::read_string(LineValue& string) {
  const char* const first = ++at_;
  bool beyond_ascii = false;
  string = {LineValue::Kind::kString, {}, false};
  for (;;) {
    at_ = end_of_plain(at_, end_, beyond_ascii);
    if (at_ == end_) return stop("a string does not end");
    if (*at_ == '"') break;
    if (*at_ != '\\') return stop("a control character in a string");
    string.escaped = true;
    if (!read_escape()) return false;
  }
  string.text = {first, static_cast<std::size_t>(at_ - first)};
  ++at_;
  if (beyond_ascii && !unicode::is_valid(string.text)) return stop("a string is no UTF-8");
  return true;
}

bool JsonObjectLine::read_number() {
  const auto digits = [&] {
    const char* const first = at_;
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return at_ > first;
  };
  if (*at_ == '-') ++at_;
  const bool zero = at_ < end_ && *at_ == '0';
  const char* const first = at_;
  if (!digits() || (zero && at_ - first > 1)) return stop("not a number");
  if (at_ < end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return stop("a number without digits behind its point");
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return stop("a number without digits in its exponent");
  }
  return true;
}

bool JsonObjectLine::read_word(std::string_view word) {
  if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) != word) return stop("not a JSON value");
  at_ += word.size();
  return true;
}

bool JsonObjectLine::read_nested() {
  char open[kDeepest];
  int depth = 0;
  LineValue ignored;
  bool comma_before = false;  // a value or a key has to follow
  do {
    skip_space();
    if (at_ == end_) return stop("the line ends inside a value");
    const char c = *at_;
    if (c == ']' || c == '}') {
      if (comma_before || c != (open[depth - 1] == '[' ? ']' : '}'))
        return stop(comma_before ? "a comma without a value" : "brackets do not match");
      ++at_;
      --depth;
    } else {
      if (depth > 0 && open[depth - 1] == '{') {
        if (c != '"') return stop("a key is missing");
        if (!read_string(ignored)) return false;
        skip_space();
        if (at_ == end_ || *at_ != ':') return stop("a colon is missing");
        ++at_;
        skip_space();
        if (at_ == end_) return stop("the line ends inside a value");
      }
      if (*at_ == '[' || *at_ == '{') {
        if (depth == kDeepest) return stop("nested too deeply");
        open[depth++] = *at_++;
        comma_before = false;
        continue;
      }
      if (!read_value(ignored)) return false;
    }
    if (depth == 0) break;
    skip_space();
    comma_before = at_ < end_ && *at_ == ',';
    if (comma_before) {
      ++at_;
    } else if (at_ == end_ || (*at_ != ']' && *at_ != '}')) {
      return stop("a comma is missing");
    }
  } while (depth > 0);
  return true;
}

bool JsonObjectLine::read_value(LineValue& value) {
  skip_space();
  if (at_ == end_) return stop("the line ends inside a value");
  const char* const first = at_;
  const auto is = [&](LineValue::Kind kind, bool read) {
    value = {kind, {first, static_cast<std::size_t>(at_ - first)}, false};
    return read;
  };
  switch (*at_) {
    case '"': return read_string(value);
    case '{':
    case '[': {
      const bool read = read_nested();
      return is(LineValue::Kind::kNested, read);
    }
    case 't': {
      const bool read = read_word("true");
      return is(LineValue::Kind::kTrue, read);
    }
    case 'f': {
      const bool read = read_word("false");
      return is(LineValue::Kind::kFalse, read);
    }
    case 'n': {
      const bool read = read_word("null");
      return is(LineValue::Kind::kNull, read);
    }
    default: {
      const bool read = read_number();
      return is(LineValue::Kind::kNumber, read);
    }
  }
}

bool JsonObjectLine::next() {
  if (ended_ || !reason_.empty()) return false;
  skip_space();
  if (!started_) {
    if (at_ == end_ || *at_ != '{') return stop("not a JSON object");
    ++at_;
    skip_space();
  }
  const bool first = !started_;
  started_ = true;
  if (at_ == end_) return stop("the object does not end");
  if (*at_ == '}') {
    ++at_;
    ended_ = true;
    skip_space();
    if (at_ != end_) stop("something follows the object");
    return false;
  }
  if (!first) {
    if (*at_ != ',') return stop("a comma is missing");
    ++at_;
    skip_space();
  }
  if (at_ == end_ || *at_ != '"') return stop("a key is missing");
  LineValue key;
  if (!read_string(key)) return false;
  key_ = key.text;
  if (key.escaped) {
    key_text_ = unescaped_json(key).value_or(std::string(key.text));
    key_ = key_text_;
  }
  skip_space();
  if (at_ == end_ || *at_ != ':') return stop("a colon is missing");
  ++at_;
  return read_value(value_);
}

std::size_t plain_in_json(std::string_view text) {
  bool ignored = false;
  return static_cast<std::size_t>(end_of_plain(text.data(), text.data() + text.size(), ignored) - text.data());
}

std::optional<std::string> unescaped_json(const LineValue& string) {
  if (!string.escaped) return std::string(string.text);
  const std::string_view raw = string.text;
  std::string text;
  text.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t slash = raw.find('\\', at);
    text += raw.substr(at, slash - at);
    if (slash == std::string_view::npos) break;
    const char kind = raw[slash + 1];
    at = slash + 2;
    if (kind != 'u') {
      constexpr std::string_view kLetters = "bfnrt", kMeant = "\b\f\n\r\t";
      const std::size_t letter = kLetters.find(kind);
      text += letter == std::string_view::npos ? kind : kMeant[letter];
      continue;
    }
    std::uint32_t code = hex_value(raw.substr(at, 4));
    at += 4;
    if (code >= 0xD800 && code < 0xE000) {  // a pair of surrogates is one character
      if (code >= 0xDC00 || raw.substr(at, 2) != "\\u") return std::nullopt;
      const std::uint32_t low = hex_value(raw.substr(at + 2, 4));
      if (low < 0xDC00 || low >= 0xE000) return std::nullopt;
      at += 6;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    unicode::append(text, code);
  }
  return text;
}

std::optional<double> number_of(const LineValue& value) {
  double number = 0;
  if (value.kind != LineValue::Kind::kNumber) return std::nullopt;
  const auto [rest, error] = std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
  if (error != std::errc() || rest != value.text.data() + value.text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace goracs
