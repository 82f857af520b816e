#include "eval/item_titles.hpp"

namespace goracs {
namespace {

std::string_view without_outer(std::string_view text, char c) {
  const std::size_t first = text.find_first_not_of(c);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(c) - first + 1);
}

}  // namespace

std::string clean_title(std::string_view text) { return std::string(without_outer(without_outer(text, '"'), ' ')); }

ItemTitles::ItemTitles(std::span<const std::string> titles) {
  for (std::size_t row = 0; row < titles.size(); ++row) {
    const auto [place, is_new] = index_.try_emplace(std::string(without_outer(titles[row], ' ')), rows_.size());
    if (is_new) rows_.emplace_back();
    rows_[place->second].push_back(static_cast<std::int64_t>(row));
    title_of_row_.push_back(place->second);
  }
}

std::span<const std::int64_t> ItemTitles::rows_of(std::string_view title) const {
  const auto place = index_.find(without_outer(title, ' '));
  if (place == index_.end()) return {};
  return rows_[place->second];
}

std::span<const std::int64_t> ItemTitles::rows_like(std::int64_t row) const { return rows_[title_of_row_[static_cast<std::size_t>(row)]]; }

std::vector<std::int64_t> ItemTitles::expanded(std::span<const std::int64_t> rows) const {
  std::vector<std::int64_t> all;
  for (const std::int64_t row : rows) {
    const auto like = rows_like(row);
    all.insert(all.end(), like.begin(), like.end());
  }
  return all;
}

std::vector<std::int64_t> ItemTitles::popularity(std::span<const std::string> targets) const {
  std::vector<std::int64_t> count(title_of_row_.size(), 0);
  for (const std::string& target : targets)
    for (const std::int64_t row : rows_of(target)) ++count[static_cast<std::size_t>(row)];
  return count;
}

}  // namespace goracs
