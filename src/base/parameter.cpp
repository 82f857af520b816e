#include "base/parameter.hpp"

#include <algorithm>
#include <cmath>

#include "base/time_limit.hpp"

namespace goracs {
namespace {

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

/// A number that YAML reads back as the same double, and as a number with a fraction.
std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

/// Text as YAML reads it back: quoted when it could be taken for something else.
std::string quoted(const std::string& text) {
  const bool plain = !text.empty() && text.front() != '-' && text.front() != '.' &&
                     (std::isdigit(static_cast<unsigned char>(text.front())) == 0) &&
                     std::all_of(text.begin(), text.end(),
                                 [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/'; });
  constexpr const char* kNotTexts[] = {"true", "false", "null", "none", "auto"};
  if (plain && std::find(std::begin(kNotTexts), std::end(kNotTexts), text) == std::end(kNotTexts)) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + "\"";
}

template <class T, class Text>
std::string list_text(const std::vector<T>& values, Text text) {
  std::vector<std::string> parts;
  for (const T& value : values) parts.push_back(text(value));
  return "[" + joined(parts) + "]";
}

}  // namespace

std::string Range::complaint(double value) const {
  if (!std::isfinite(value)) return "expected a finite number";
  const bool low = without_least ? value <= least : value < least;
  return low || value > most ? "expected " + text() : "";
}

std::string Range::complaint(const std::string& value) const {
  if (choices.empty() || or_path || std::find(choices.begin(), choices.end(), value) != choices.end()) return "";
  if (or_time && time_limit_seconds(value)) return "";
  return "expected " + text();
}

std::string Range::text() const {
  if (!choices.empty()) return "one of " + joined(choices) + (or_path ? ", or a path" : or_time ? ", or seconds or HH:MM:SS" : "");
  if (std::isfinite(most)) return fmt::format("{} to {}", least, most);
  if (std::isfinite(least)) return fmt::format("{} {}", without_least ? "more than" : "at least", least);
  return "";
}

std::string Parameter::type() const {
  struct Name {
    std::string operator()(const bool*) const { return "boolean"; }
    std::string operator()(const std::int64_t*) const { return "integer"; }
    std::string operator()(const double*) const { return "number"; }
    std::string operator()(const std::string*) const { return "text"; }
    std::string operator()(const std::filesystem::path*) const { return "path"; }
    std::string operator()(const std::optional<std::int64_t>*) const { return "integer or auto"; }
    std::string operator()(const std::optional<double>*) const { return "number or auto"; }
    std::string operator()(const std::vector<std::string>*) const { return "list of texts"; }
    std::string operator()(const std::vector<std::int64_t>*) const { return "list of integers"; }
    std::string operator()(const std::vector<double>*) const { return "list of numbers"; }
  };
  return std::visit(Name{}, value);
}

std::string Parameter::text() const {
  struct Text {
    const Parameter& parameter;
    std::string operator()(const bool* v) const { return *v ? "true" : "false"; }
    std::string operator()(const std::int64_t* v) const { return std::to_string(*v); }
    std::string operator()(const double* v) const { return number_text(*v); }
    std::string operator()(const std::string* v) const {
      const auto& choices = parameter.range.choices;
      const bool is_choice = *v == "auto" || std::find(choices.begin(), choices.end(), *v) != choices.end();
      return is_choice ? *v : quoted(*v);
    }
    std::string operator()(const std::filesystem::path* v) const { return v->empty() ? "none" : quoted(v->string()); }
    std::string operator()(const std::optional<std::int64_t>* v) const { return *v ? std::to_string(**v) : "auto"; }
    std::string operator()(const std::optional<double>* v) const { return *v ? number_text(**v) : "auto"; }
    std::string operator()(const std::vector<std::string>* v) const {
      return v->empty() && parameter.initial.seqrec == "auto" ? "auto" : list_text(*v, quoted);
    }
    std::string operator()(const std::vector<std::int64_t>* v) const {
      return list_text(*v, [](std::int64_t x) { return std::to_string(x); });
    }
    std::string operator()(const std::vector<double>* v) const { return list_text(*v, number_text); }
  };
  return std::visit(Text{*this}, value);
}

}  // namespace goracs
