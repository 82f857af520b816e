#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/text_column.hpp"

namespace goracs {

/// SeqRec: write the title of the next item. CTRPre: answer whether the user will like the target item.
enum class Task { kSeqRec, kCtrPre };

/// Where a sample's input shows one title of the history, its quotes included.
struct TitleSpan {
  std::int32_t begin = 0;
  std::int32_t length = 0;
};

/// A sample as its readers see it.
struct SampleView {
  std::string_view instruction, input, output;
  std::span<const TitleSpan> history;  ///< oldest title first
  std::int32_t label = -1;             ///< its class, -1 for SeqRec
};

/// The samples of one split, a column for each field, as samples.h5 holds them.
struct SampleTable {
  TextColumn user, input, output;
  RepeatedTextColumn instruction;
  std::vector<std::int32_t> label;
  std::vector<TitleSpan> spans;                 ///< of all samples, one after the other
  std::vector<std::int64_t> span_offset = {0};  ///< sample i has spans span_offset[i] .. span_offset[i + 1] - 1

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(input.size()); }
  std::span<const TitleSpan> history(std::int64_t i) const {
    const auto k = static_cast<std::size_t>(i);
    return std::span(spans).subspan(static_cast<std::size_t>(span_offset[k]),
                                    static_cast<std::size_t>(span_offset[k + 1] - span_offset[k]));
  }
  SampleView operator[](std::int64_t i) const {
    const auto k = static_cast<std::size_t>(i);
    return {instruction[k], input[k], output[k], history(i), label.empty() ? -1 : label[k]};
  }
  /// input_characters: of all inputs together, or 0 where that is not known.
  void reserve(std::size_t samples, std::size_t input_characters = 0);
  /// A sample whose spans were appended to `spans` before.
  void add(std::string_view user_id, std::string_view instruction_text, std::string_view input_text, std::string_view output_text,
           std::int32_t class_index);
};

/// `input` without its `count` oldest titles; what separates titles goes with them.
///   x:"a", "b", "c"!   without the oldest 2   ->   x:"c"!
std::string without_oldest_titles(std::string_view input, std::span<const TitleSpan> history, std::size_t count);

/// The titles that a text of unknown origin shows, as well as they can be told: for SeqRec what stands in quotes between the first and the last
/// quote, separated by `", "`; for CTRPre the two lists in front of the question. Oldest first; which of two lists is older nobody can tell,
/// so the longer one loses its titles first.
std::vector<TitleSpan> history_in_text(std::string_view input, Task task);

}  // namespace goracs
