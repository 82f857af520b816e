#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/json_object_line.hpp"

namespace goracs {

/// The same for lines that are Python dict literals, as the metadata of 2014 are: {'asin': 'B00', "title": "Ann's", 'price': 1.5}. Strings
/// in either quotes (an u in front is allowed), numbers, True, False, None, lists, tuples and dicts; the whole line is checked.
class PythonDictLine {
 public:
  explicit PythonDictLine(std::string_view line) : at_(line.data()), end_(line.data() + line.size()) {}
  bool next();
  std::string_view key() const noexcept { return key_; }
  const LineValue& value() const noexcept { return value_; }
  std::string_view reason() const noexcept { return reason_; }

 private:
  bool stop(std::string_view reason);
  void skip_space();
  bool at_string() const;
  bool read_string(LineValue& string);
  bool read_number();
  bool read_value(LineValue& value, int depth);
  bool read_members(char close, bool pairs, int depth);

  const char* at_;
  const char* end_;
  bool started_ = false, ended_ = false;
  std::string_view reason_;
  std::string key_;
  LineValue value_;
};

/// A Python string literal with its escapes undone (an unknown escape keeps its backslash, as in Python); none where an escape names no
/// character.
std::optional<std::string> unescaped_python(const LineValue& string);

}  // namespace goracs
