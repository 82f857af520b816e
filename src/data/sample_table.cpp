#include "data/sample_table.hpp"

#include <algorithm>

namespace goracs {
namespace {

constexpr std::string_view kSeparator = ", ";

/// The quoted titles of text[begin, end), joined by `", "`, from the first quote to the last.
std::vector<TitleSpan> quoted_titles(std::string_view text, std::size_t begin, std::size_t end) {
  std::vector<TitleSpan> titles;
  const std::size_t first = text.find('"', begin);
  if (first == std::string_view::npos || first >= end) return titles;
  const std::size_t last = text.rfind('"', end - 1);
  if (last <= first) return titles;
  for (std::size_t at = first;;) {
    constexpr std::string_view kBetween = "\", \"";
    // from the character behind the opening quote: a title may be empty
    const std::size_t between = text.find(kBetween, at + 1);
    const bool is_last = between == std::string_view::npos || between + kBetween.size() > last;  // the last quote opens nothing
    const std::size_t stop = is_last ? last : between;
    titles.push_back({static_cast<std::int32_t>(at), static_cast<std::int32_t>(stop + 1 - at)});
    if (is_last) return titles;
    at = between + kBetween.size() - 1;
  }
}

}  // namespace

void SampleTable::reserve(std::size_t samples, std::size_t input_characters) {
  for (TextColumn* column : {&user, &output}) column->reserve(samples);
  input.reserve(samples, input_characters);
  instruction.reserve(samples);
  label.reserve(samples);
  span_offset.reserve(samples + 1);
}

void SampleTable::add(std::string_view user_id, std::string_view instruction_text, std::string_view input_text,
                      std::string_view output_text, std::int32_t class_index) {
  user.push_back(user_id);
  instruction.push_back(instruction_text);
  input.push_back(input_text);
  output.push_back(output_text);
  label.push_back(class_index);
  span_offset.push_back(static_cast<std::int64_t>(spans.size()));
}

std::string without_oldest_titles(std::string_view input, std::span<const TitleSpan> history, std::size_t count) {
  struct Piece {
    TitleSpan span;
    bool dropped;
  };
  std::vector<Piece> pieces;
  for (std::size_t k = 0; k < history.size(); ++k) pieces.push_back({history[k], k < count});
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.span.begin < b.span.begin; });

  std::string text;
  std::size_t at = 0;  // copied up to here
  bool kept_in_list = false;
  for (std::size_t k = 0; k < pieces.size(); ++k) {
    const auto begin = static_cast<std::size_t>(pieces[k].span.begin), end = begin + static_cast<std::size_t>(pieces[k].span.length);
    const bool continues = k > 0 && input.substr(at, begin - at) == kSeparator;
    if (!continues) {
      text += input.substr(at, begin - at);
      kept_in_list = false;
    }
    if (!pieces[k].dropped) {
      if (kept_in_list) text += kSeparator;
      text += input.substr(begin, end - begin);
      kept_in_list = true;
    }
    at = end;
  }
  text += input.substr(at);
  return text;
}

std::vector<TitleSpan> history_in_text(std::string_view input, Task task) {
  if (task == Task::kSeqRec) return quoted_titles(input, 0, input.size());
  constexpr std::string_view kLiked = "User Preference:", kOther = "\nUser Unpreference:", kQuestion = "\nWhether ";
  const std::size_t other = input.find(kOther), question = input.rfind(kQuestion);
  if (!input.starts_with(kLiked) || other == std::string_view::npos || question == std::string_view::npos || question < other) return {};
  const auto liked_titles = quoted_titles(input, kLiked.size(), other), other_titles = quoted_titles(input, other, question);
  std::vector<TitleSpan> titles;
  for (std::size_t a = 0, b = 0; a < liked_titles.size() || b < other_titles.size();) {
    const bool liked_longer = liked_titles.size() - a >= other_titles.size() - b;
    titles.push_back(liked_longer ? liked_titles[a++] : other_titles[b++]);
  }
  return titles;
}

}  // namespace goracs
