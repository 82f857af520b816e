#include "data/python_dict_line.hpp"

#include <charconv>

#include "data/ascii.hpp"
#include "data/unicode.hpp"

namespace goracs {
namespace {

constexpr int kDeepestLevel = 100;  // levels

/// The number that `count` digits of `base` at `at` stand for.
std::optional<std::uint32_t> digits_at(std::string_view text, std::size_t at, std::size_t count, int base) {
  std::uint32_t value = 0;
  if (text.size() < at + count) return std::nullopt;
  const char* const first = text.data() + at;
  const auto [rest, error] = std::from_chars(first, first + count, value, base);
  if (error != std::errc() || rest != first + count) return std::nullopt;
  return value;
}

}  // namespace

bool PythonDictLine::stop(std::string_view reason) {
  reason_ = reason;
  return false;
}

void PythonDictLine::skip_space() {
  while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n' || *at_ == '\f')) ++at_;
}

bool PythonDictLine::at_string() const {
  const char* const quote = at_ < end_ && (*at_ == 'u' || *at_ == 'U') ? at_ + 1 : at_;
  return quote < end_ && (*quote == '\'' || *quote == '"');
}

bool PythonDictLine::read_string(LineValue& string) {
  if (*at_ == 'u' || *at_ == 'U') ++at_;
  const char quote = *at_++;
  const char* const first = at_;
  string = {LineValue::Kind::kString, {}, false};
  while (at_ < end_ && *at_ != quote) {
    if (*at_ == '\\') {
      string.escaped = true;
      if (++at_ == end_) break;
    }
    ++at_;
  }
  if (at_ >= end_) return stop("a string does not end");
  string.text = {first, static_cast<std::size_t>(at_ - first)};
  ++at_;
  if (!unicode::is_valid(string.text)) return stop("a string is no UTF-8");
  return true;
}

bool PythonDictLine::read_number() {
  const char* const first = at_;
  double value = 0;
  if (*at_ == '-' || *at_ == '+') ++at_;
  const char c = at_ < end_ ? *at_ : '\0';
  if (!is_digit(c) && c != '.') return stop("not a Python value");  // from_chars would take inf and nan
  const auto [rest, error] = std::from_chars(at_, end_, value);
  if (error == std::errc::invalid_argument) return stop("not a number");
  at_ = rest;
  if (at_ == first) return stop("not a number");
  return true;
}

/// What stands between brackets, up to and with `close`: values, or `key: value` pairs.
bool PythonDictLine::read_members(char close, bool pairs, int depth) {
  if (depth > kDeepestLevel) return stop("nested too deeply");
  LineValue ignored;
  for (;;) {
    skip_space();
    if (at_ == end_) return stop("the line ends inside a value");
    if (*at_ == close) break;
    if (!read_value(ignored, depth)) return false;
    skip_space();
    if (pairs) {
      if (at_ == end_ || *at_ != ':') return stop("a colon is missing");
      ++at_;
      if (!read_value(ignored, depth)) return false;
      skip_space();
    }
    if (at_ < end_ && *at_ == ',') {
      ++at_;
    } else if (at_ == end_ || *at_ != close) {
      return stop("a comma is missing");
    }
  }
  ++at_;
  return true;
}

bool PythonDictLine::read_value(LineValue& value, int depth) {
  skip_space();
  if (at_ == end_) return stop("the line ends inside a value");
  if (at_string()) return read_string(value);
  const char* const first = at_;
  const auto rest = [&] { return std::string_view(at_, static_cast<std::size_t>(end_ - at_)); };
  LineValue::Kind kind = LineValue::Kind::kNested;
  const char open = *at_;
  if (open == '[' || open == '(' || open == '{') {
    ++at_;
    if (!read_members(open == '[' ? ']' : open == '(' ? ')' : '}', open == '{', depth + 1)) return false;
  } else if (rest().starts_with("True")) {
    at_ += 4;
    kind = LineValue::Kind::kTrue;
  } else if (rest().starts_with("False")) {
    at_ += 5;
    kind = LineValue::Kind::kFalse;
  } else if (rest().starts_with("None")) {
    at_ += 4;
    kind = LineValue::Kind::kNull;
  } else {
    if (!read_number()) return false;
    kind = LineValue::Kind::kNumber;
  }
  value = {kind, {first, static_cast<std::size_t>(at_ - first)}, false};
  return true;
}

bool PythonDictLine::next() {
  if (ended_ || !reason_.empty()) return false;
  skip_space();
  if (!started_) {
    if (at_ == end_ || *at_ != '{') return stop("not a Python dict");
    ++at_;
    skip_space();
  } else if (at_ < end_ && *at_ == ',') {
    ++at_;
    skip_space();
  } else if (at_ == end_ || *at_ != '}') {
    return stop("a comma is missing");
  }
  started_ = true;
  if (at_ < end_ && *at_ == '}') {
    ++at_;
    ended_ = true;
    skip_space();
    if (at_ != end_) stop("something follows the dict");
    return false;
  }
  LineValue key;
  if (!at_string()) return stop("a key is missing");
  if (!read_string(key)) return false;
  key_ = unescaped_python(key).value_or(std::string(key.text));
  skip_space();
  if (at_ == end_ || *at_ != ':') return stop("a colon is missing");
  ++at_;
  return read_value(value_, 0);
}

std::optional<std::string> unescaped_python(const LineValue& string) {
  const std::string_view raw = string.text;
  if (!string.escaped) return std::string(raw);
  constexpr std::string_view kLetters = "abfnrtv\\'\"", kMeant = "\a\b\f\n\r\t\v\\'\"";
  std::string text;
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t slash = raw.find('\\', at);
    text += raw.substr(at, slash - at);
    if (slash == std::string_view::npos) break;
    const char kind = raw[slash + 1];
    at = slash + 2;
    if (const std::size_t letter = kLetters.find(kind); letter != std::string_view::npos) {
      text += kMeant[letter];
    } else if (kind == 'x' || kind == 'u' || kind == 'U') {
      const std::size_t count = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
      const auto code = digits_at(raw, at, count, 16);
      if (!code || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000)) return std::nullopt;
      unicode::append(text, *code);
      at += count;
    } else if (kind >= '0' && kind <= '7') {
      std::size_t count = 1;
      while (count < 3 && slash + 1 + count < raw.size() && raw[slash + 1 + count] >= '0' && raw[slash + 1 + count] <= '7') ++count;
      unicode::append(text, *digits_at(raw, slash + 1, count, 8));
      at = slash + 1 + count;
    } else if (kind == 'N') {
      return std::nullopt;  // \N{name}: we hold no table of names
    } else {
      text += '\\';
      text += kind;
    }
  }
  return text;
}

}  // namespace goracs
