#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/text_index.hpp"

namespace goracs {

/// The texts of one column, one after the other in one block of characters; each ends with a zero, as C interfaces want them.
class TextColumn {
 public:
  std::size_t size() const noexcept { return ends_.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return {characters_.data() + begin, ends_[i] - begin - 1};
  }
  const char* c_str(std::size_t i) const { return (*this)[i].data(); }
  void push_back(std::string_view text) {
    characters_.append(text);
    characters_.push_back('\0');
    ends_.push_back(characters_.size());
  }
  void reserve(std::size_t texts, std::size_t characters = 0) {
    ends_.reserve(texts);
    characters_.reserve(characters + texts);
  }
  bool operator==(const TextColumn&) const = default;

 private:
  std::string characters_;
  std::vector<std::size_t> ends_;
};

/// A column in which few texts stand in many rows.
class RepeatedTextColumn {
 public:
  std::size_t size() const noexcept { return number_.size(); }
  std::string_view operator[](std::size_t i) const { return distinct_[static_cast<std::size_t>(number_[i])]; }
  const char* c_str(std::size_t i) const { return distinct_.c_str(static_cast<std::size_t>(number_[i])); }
  void push_back(std::string_view text) {
    // mostly the same as in the row before
    if (!number_.empty() && (*this)[size() - 1] == text) return number_.push_back(number_.back());
    const std::int32_t number = index_.add(text);
    if (static_cast<std::size_t>(number) == distinct_.size()) distinct_.push_back(text);
    number_.push_back(number);
  }
  void reserve(std::size_t texts) { number_.reserve(texts); }

 private:
  TextIndex index_;
  TextColumn distinct_;
  std::vector<std::int32_t> number_;
};

}  // namespace goracs
