#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace goracs {

/// A value as it stands in its line.
struct LineValue {
  enum class Kind { kString, kNumber, kTrue, kFalse, kNull, kNested };
  Kind kind = Kind::kNull;
  std::string_view text;  ///< strings: what is between the quotes, escapes not undone
  bool escaped = false;   ///< a string with escapes
};

/// The members of the JSON object that one line of a file holds, in order, without building anything. The whole line is checked (RFC 8259,
/// UTF-8), also what nobody asks for; as in Python, a \u escape may name half of a surrogate pair in text that nobody reads.
///
///   JsonObjectLine members(line);
///   while (members.next())
///     if (members.key() == "asin") asin = members.value();
///   if (!members.reason().empty()) ...   // broken
class JsonObjectLine {
 public:
  explicit JsonObjectLine(std::string_view line);
  /// False at the end of the object and where the line is broken.
  bool next();
  std::string_view key() const noexcept { return key_; }
  /// key() == name, without a call: it is asked for several names a member.
  template <std::size_t size>
  bool key_is(const char (&name)[size]) const noexcept {
    return key_.size() == size - 1 && std::memcmp(key_.data(), name, size - 1) == 0;
  }
  const LineValue& value() const noexcept { return value_; }
  /// Why the line is no JSON object; empty while it is fine.
  std::string_view reason() const noexcept { return reason_; }

 private:
  bool stop(std::string_view reason);
  void skip_space();
  bool read_string(LineValue& string);
  bool read_escape();
  bool read_number();
  bool read_word(std::string_view word);
  bool read_value(LineValue& value);
  bool read_nested();

  const char* at_;
  const char* end_;
  bool started_ = false, ended_ = false;
  std::string_view key_, reason_;
  std::string key_text_;
  LineValue value_;
};

/// Where in the text the first character stands that a JSON string cannot hold as it is (a quote, a backslash, a control character), or its size.
std::size_t plain_in_json(std::string_view text);

/// A JSON string with its escapes undone; none where a \u escape names half of a surrogate pair.
std::optional<std::string> unescaped_json(const LineValue& string);
/// A JSON number, or none for other kinds and for what no double holds.
std::optional<double> number_of(const LineValue& value);

}  // namespace goracs
