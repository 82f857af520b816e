#pragma once

#include <span>
#include <string>
#include <string_view>

#include "data/sample_table.hpp"

namespace goracs {

/// Whose words the prompts use; nothing else depends on it.
enum class Domain { kGames, kMovies, kFood };

/// A title of a history and whether the user liked the item.
struct HistoryTitle {
  std::string_view title;
  bool liked;
};

/// Puts samples into the reference's words (SPEC 1) and adds them to a table.
class Wording {
 public:
  Wording(Domain domain, Task task);
  /// history: oldest first. The sample gets no label.
  void add_sample(SampleTable& table, std::string_view user, std::span<const HistoryTitle> history, HistoryTitle target) const;
  /// At least the length of the input that is made of these.
  std::size_t input_length(std::span<const HistoryTitle> history, const HistoryTitle& target) const;

 private:
  void add_next_title(SampleTable& table, std::string_view user, std::span<const HistoryTitle> history, HistoryTitle target) const;
  void add_question(SampleTable& table, std::string_view user, std::span<const HistoryTitle> history, HistoryTitle target) const;

  Task task_;
  std::string instruction_, lead_, question_;
};

}  // namespace goracs
