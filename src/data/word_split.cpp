#include "data/word_split.hpp"

#include "data/unicode.hpp"

namespace goracs {
namespace {

using unicode::Decoded;
using unicode::is_letter;
using unicode::is_number;
using unicode::is_space;

bool is_symbol(char32_t c) { return !is_space(c) && !is_letter(c) && !is_number(c); }
bool is_line_end(char32_t c) { return c == U'\r' || c == U'\n'; }

/// A text with a read position at code points.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool at_end(std::size_t at) const { return at >= text_.size(); }
  Decoded peek(std::size_t at) const { return unicode::decode(text_, at); }

  /// The end of the longest run of characters in `in_class` from `at`, at most `most` of them.
  template <class InClass>
  std::size_t run(std::size_t at, InClass in_class, int most = -1) const {
    while (!at_end(at) && most != 0) {
      const Decoded next = peek(at);
      if (!in_class(next.code)) break;
      at += static_cast<std::size_t>(next.length);
      --most;
    }
    return at;
  }

  /// The end of a contraction ('s, 't, 're, 've, 'm, 'll, 'd) that begins at `at`, or `at`.
  std::size_t contraction(std::size_t at, bool any_case) const {
    if (text_[at] != '\'' || at_end(at + 1)) return at;
    const auto letter = [&](std::size_t k) -> char32_t {
      if (at_end(k)) return 0;
      const char32_t c = peek(k).code;
      if (!any_case) return c;
      if (c == 0x17F) return U's';  // the long s folds to s
      return c >= U'A' && c <= U'Z' ? c + (U'a' - U'A') : c;
    };
    const char32_t first = letter(at + 1);
    const std::size_t after_first = at + 1 + static_cast<std::size_t>(peek(at + 1).length);
    if (first == U's' || first == U't' || first == U'm' || first == U'd') return after_first;
    const char32_t second = letter(after_first);
    if ((first == U'r' && second == U'e') || (first == U'v' && second == U'e') || (first == U'l' && second == U'l')) return after_first + 1;
    return at;
  }

  /// \s+(?!\S)|\s+ : the run of spaces without its last one, which goes with what follows; all of it at the end of the text.
  std::size_t spaces(std::size_t at) const {
    const std::size_t end = run(at, is_space);
    if (at_end(end)) return end;
    std::size_t last = at;
    for (std::size_t k = at; k < end;) {
      last = k;
      k += static_cast<std::size_t>(peek(k).length);
    }
    return last > at ? last : end;
  }

 private:
  std::string_view text_;
};

std::size_t next_gpt2(const Scanner& scan, std::size_t at) {
  if (const std::size_t end = scan.contraction(at, false); end > at) return end;
  const char32_t first = scan.peek(at).code;
  const std::size_t word = first == U' ' ? at + 1 : at;
  if (!scan.at_end(word)) {
    const char32_t c = scan.peek(word).code;
    if (is_letter(c)) return scan.run(word, is_letter);
    if (is_number(c)) return scan.run(word, is_number);
    if (is_symbol(c)) return scan.run(word, is_symbol);
  }
  return scan.spaces(at);
}

std::size_t next_llama3(const Scanner& scan, std::size_t at) {
  constexpr int kDigitsTogether = 3;
  if (const std::size_t end = scan.contraction(at, true); end > at) return end;
  const Decoded first = scan.peek(at);
  if (is_letter(first.code)) return scan.run(at, is_letter);
  const std::size_t second = at + static_cast<std::size_t>(first.length);
  if (!is_line_end(first.code) && !is_number(first.code) && !scan.at_end(second) && is_letter(scan.peek(second).code))
    return scan.run(second, is_letter);
  if (is_number(first.code)) return scan.run(at, is_number, kDigitsTogether);
  const std::size_t word = first.code == U' ' ? at + 1 : at;
  if (!scan.at_end(word) && is_symbol(scan.peek(word).code)) return scan.run(scan.run(word, is_symbol), is_line_end);
  // \s*[\r\n]+ : up to the last line end of the run
  const std::size_t end = scan.run(at, is_space);
  std::size_t after_line_end = at;
  for (std::size_t k = at; k < end;) {
    const Decoded next = scan.peek(k);
    k += static_cast<std::size_t>(next.length);
    if (is_line_end(next.code)) after_line_end = k;
  }
  return after_line_end > at ? after_line_end : scan.spaces(at);
}

template <class Next>
void split(std::string_view text, Next next, const PieceSink& sink) {
  const Scanner scan(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = next(scan, at);
    sink(text.substr(at, end - at));
    at = end;
  }
}

}  // namespace

void split_gpt2(std::string_view text, const PieceSink& sink) { split(text, next_gpt2, sink); }

void split_llama3(std::string_view text, const PieceSink& sink) { split(text, next_llama3, sink); }

void split_digits(std::string_view text, const PieceSink& sink) {
  split(
      text,
      [](const Scanner& scan, std::size_t at) {
        return is_number(scan.peek(at).code) ? scan.run(at, is_number, 1) : scan.run(at, [](char32_t c) { return !is_number(c); });
      },
      sink);
}

const std::string& llama3_pattern() {
  static const std::string kPattern =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  return kPattern;
}

}  // namespace goracs
