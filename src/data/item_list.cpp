#include "data/item_list.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "data/cpython_random.hpp"
#include "data/unicode.hpp"

namespace goracs {

ItemList read_item_list(const std::filesystem::path& file, const ReadEvents& events, BrokenLines& broken) {
  ItemList items;
  LineReader lines(file, events);
  while (const auto line = lines.next()) {
    if (line->empty()) continue;
    // as the reference reads it: the title ends at the first tab
    const std::size_t tab = line->rfind('\t');
    std::int64_t id = 0;
    const std::string_view digits = tab == std::string_view::npos ? std::string_view() : line->substr(tab + 1);
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (digits.empty() || error != std::errc() || rest != digits.data() + digits.size()) {
      broken.add(file, lines.number(), "expected a title, a tab and a number");
    } else if (!unicode::is_valid(*line) || line->find('\0') != std::string_view::npos) {
      broken.add(file, lines.number(), "no text in UTF-8");
    } else {
      items.titles.emplace_back(line->substr(0, line->find('\t')));
      items.ids.push_back(id);
    }
  }
  GORACS_CHECK_INPUT(!items.titles.empty(), "{}: no items in it", file.string());
  return items;
}

ItemList distinct_items(std::vector<std::string> titles) {
  std::sort(titles.begin(), titles.end());
  titles.erase(std::unique(titles.begin(), titles.end()), titles.end());
  ItemList items{std::move(titles), {}};
  for (std::size_t row = 0; row < items.titles.size(); ++row) items.ids.push_back(static_cast<std::int64_t>(row));
  return items;
}

NegativeDraw::NegativeDraw(std::span<const std::string> pool, const ItemList& items) {
  titles_.reserve(pool.size());
  for (const std::string& text : pool) {
    const auto title = static_cast<std::size_t>(titles_.add(text));
    if (title == places_.size()) places_.emplace_back();
    places_[title].push_back(static_cast<std::uint32_t>(pool_.size()));
    pool_.push_back(title);
  }
  row_.assign(places_.size(), -1);
  for (std::size_t row = 0; row < items.titles.size(); ++row)
    if (const std::int32_t title = titles_.find(items.titles[row]); title != TextIndex::kNone)
      if (auto& first = row_[static_cast<std::size_t>(title)]; first < 0) first = static_cast<std::int64_t>(row);
}

std::vector<std::int64_t> NegativeDraw::draw(std::span<const std::string_view> met) const {
  constexpr std::uint64_t kSeed = 42;
  std::vector<std::uint32_t> left_out;  // places in the pool
  for (const std::string_view title : met)
    if (const std::int32_t known = titles_.find(title); known != TextIndex::kNone) {
      const auto& places = places_[static_cast<std::size_t>(known)];
      left_out.insert(left_out.end(), places.begin(), places.end());
    }
  std::sort(left_out.begin(), left_out.end());
  left_out.erase(std::unique(left_out.begin(), left_out.end()), left_out.end());

  const auto candidates = static_cast<std::uint32_t>(pool_.size() - left_out.size());
  if (sample_.empty() || sample_of_ != candidates) {
    CpythonRandom random(kSeed);
    sample_ = random.sample(candidates, std::min<std::uint32_t>(candidates, kNegatives));
    sample_of_ = candidates;
  }
  std::vector<std::int64_t> rows;
  rows.reserve(sample_.size());
  for (const std::uint32_t candidate : sample_) {
    // left_out[j] - j candidates stand in front of the j-th place left out
    std::size_t low = 0, high = left_out.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (left_out[middle] - middle <= candidate) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    rows.push_back(row_[pool_[candidate + low]]);
  }
  return rows;
}

}  // namespace goracs
