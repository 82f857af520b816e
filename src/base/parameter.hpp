#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/stage.hpp"

namespace goracs {

/// A parameter's default in YAML, which may depend on the task; none when the config has to give it.
struct Default {
  std::string seqrec, ctrpre;
  bool required = false;
  bool unset = false;  ///< stays empty unless given

  Default(const char* text) : seqrec(text), ctrpre(text) {}
  Default(bool value) : Default(value ? "true" : "false") {}
  Default(int value) : seqrec(fmt::format("{}", value)), ctrpre(seqrec) {}
  Default(double value) : seqrec(fmt::format("{}", value)), ctrpre(seqrec) {}

  const std::string& of(const std::string& task) const { return task == "ctrpre" ? ctrpre : seqrec; }
};

inline Default by_task(const Default& seqrec, const Default& ctrpre) {
  Default both = seqrec;
  both.ctrpre = ctrpre.ctrpre;
  return both;
}
inline Default must_be_given() {
  Default none("");
  none.required = true;
  return none;
}
inline Default not_set() {
  Default none("");
  none.unset = true;
  return none;
}

/// What a value must satisfy; lists: each element.
struct Range {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool without_least = false;          ///< least itself is not allowed
  std::vector<std::string> choices{};  ///< texts: one of these
  bool or_path = false;                ///< ... or the path of something that exists
  bool or_time = false;                ///< ... or a time limit: seconds or HH:MM:SS
  bool or_auto = false;                ///< `auto` stands for the default

  /// What is wrong with the value; empty when nothing is.
  std::string complaint(double value) const;
  std::string complaint(const std::string& value) const;
  /// "at least 1", "one of a, b", "" when everything goes.
  std::string text() const;
};

inline Range anything() { return {}; }
inline Range anything_or_auto() { return {.or_auto = true}; }
inline Range at_least(double least) { return {.least = least}; }
inline Range more_than(double least) { return {.least = least, .without_least = true}; }
inline Range between(double least, double most) { return {.least = least, .most = most}; }
inline Range one_of(std::vector<std::string> choices) { return {.choices = std::move(choices)}; }
inline Range one_of_or_path(std::vector<std::string> choices) { return {.choices = std::move(choices), .or_path = true}; }
inline Range one_of_or_time(std::vector<std::string> choices) { return {.choices = std::move(choices), .or_time = true}; }

/// One key of the config, with everything that is made from it: parsing, default, range, help, print, hash, HDF5 attribute.
struct Parameter {
  using Value = std::variant<bool*, std::int64_t*, double*, std::string*, std::filesystem::path*, std::optional<std::int64_t>*,
                             std::optional<double>*, std::vector<std::string>*, std::vector<std::int64_t>*, std::vector<double>*>;
  std::string key;  ///< "select.budget"
  Value value;      ///< where the config holds it
  Default initial;
  Range range;
  StageSet stages;  ///< whose results it can change
  std::string meaning;

  /// "integer", "list of texts", ...
  std::string type() const;
  /// The value as one line of YAML; "none" for an empty path, "auto" for an empty optional or list.
  std::string text() const;
};

}  // namespace goracs
