#include "data/wording.hpp"

#include <array>

namespace goracs {
namespace {

struct Words {
  std::string_view instruction;  ///< SeqRec
  std::string_view lead;         ///< in front of the history, SeqRec
  std::string_view noun;         ///< what the target is, CTRPre
  std::string_view target;       ///< how the question names it, CTRPre
};

/// "movies ad TVs" stands so in the reference.
constexpr std::array<Words, 3> kWords = {{
    {"Given a list of video games the user has played before, please recommend a new video game that the user likes to the user.",
     "The user has played the following video games before:", "game", "game "},
    {"Given a list of movies ad TVs the user has watched before, please recommend the title of a new movie or TV that the user will like "
     "to watch in the "
     "following time.",
     "The user has watched the following movies and TVs before:", "movie", "movie titled "},
    {"Given a list of food the user has purchased before, please recommend the name of a new food that the user will like to purchase in "
     "the following time.",
     "The user has purchased the following food before:", "food product", "food product named "},
}};

/// Appends the title in quotes and says where.
TitleSpan append_quoted(std::string& text, std::string_view title) {
  const auto begin = static_cast<std::int32_t>(text.size());
  text += '"';
  text += title;
  text += '"';
  return {begin, static_cast<std::int32_t>(text.size()) - begin};
}

}  // namespace

Wording::Wording(Domain domain, Task task) : task_(task) {
  const Words& words = kWords.at(static_cast<std::size_t>(domain));
  if (task == Task::kSeqRec) {
    instruction_ = words.instruction;
  } else {
    instruction_ = "Given the user's preference and unpreference, identify whether the user will like the target ";
    instruction_ += words.noun;
    instruction_ += " by answering \"Yes\" or \"No\".";
  }
  lead_ = words.lead;
  question_ = "\nWhether the user will like the target ";
  question_ += words.target;
}

std::size_t Wording::input_length(std::span<const HistoryTitle> history, const HistoryTitle& target) const {
  constexpr std::size_t kQuotesAndComma = 4, kListNames = 64;
  std::size_t length = kListNames + lead_.size() + question_.size() + target.title.size();
  for (const HistoryTitle& item : history) length += item.title.size() + kQuotesAndComma;
  return length;
}

void Wording::add_sample(SampleTable& table, std::string_view user, std::span<const HistoryTitle> history, HistoryTitle target) const {
  if (task_ == Task::kSeqRec) {
    add_next_title(table, user, history, target);
  } else {
    add_question(table, user, history, target);
  }
}

void Wording::add_next_title(SampleTable& table, std::string_view user, std::span<const HistoryTitle> history, HistoryTitle target) const {
  std::string input;
  input.reserve(input_length(history, target));
  input += lead_;
  for (std::size_t k = 0; k < history.size(); ++k) {
    if (k > 0) input += ", ";
    table.spans.push_back(append_quoted(input, history[k].title));
  }
  input += "\n ";
  std::string output;
  append_quoted(output, target.title);
  table.add(user, instruction_, input, output, -1);
}

void Wording::add_question(SampleTable& table, std::string_view user, std::span<const HistoryTitle> history, HistoryTitle target) const {
  std::string input;
  input.reserve(input_length(history, target));
  const std::size_t first_span = table.spans.size();
  table.spans.resize(first_span + history.size());  // in the order of the history, whichever list a title is in
  for (const bool liked : {true, false}) {
    input += liked ? "User Preference: " : "\nUser Unpreference: ";
    bool is_first = true;
    for (std::size_t k = 0; k < history.size(); ++k) {
      if (history[k].liked != liked) continue;
      if (!is_first) input += ", ";
      is_first = false;
      table.spans[first_span + k] = append_quoted(input, history[k].title);
    }
  }
  input += question_;
  append_quoted(input, target.title);
  input += '?';
  table.add(user, instruction_, input, target.liked ? "Yes" : "No", -1);
}

}  // namespace goracs
