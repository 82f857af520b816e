#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace goracs {

/// Where a verb declares its flags; the command line fills the values in before the verb runs. (The parser's own headers are slow to compile and
/// stay in command_line.cpp.)
class Flags {
 public:
  virtual ~Flags() = default;
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  /// What stands above the flags that follow in the help.
  virtual void heading(const std::string& text) = 0;
  /// flag: "--out"; form: what a value looks like, "FILE.h5"
  virtual void text(const std::string& flag, const std::string& form, std::string& value, const std::string& meaning) = 0;
  virtual void number(const std::string& flag, const std::string& form, std::optional<std::int64_t>& value, const std::string& meaning) = 0;
  virtual void yes(const std::string& flag, bool& value, const std::string& meaning) = 0;
  /// Words that are no flags.
  virtual void word(const std::string& name, std::string& value, const std::string& meaning) = 0;
  virtual void words(const std::string& name, std::vector<std::string>& values, const std::string& meaning) = 0;

 protected:
  Flags() = default;
};

}  // namespace goracs
