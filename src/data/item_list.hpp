#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/line_reader.hpp"
#include "data/text_index.hpp"

namespace goracs {

/// All items that may be recommended: one row for each (title, id), in the order of their list.
struct ItemList {
  std::vector<std::string> titles;
  std::vector<std::int64_t> ids;
};

/// A list that ships with its data set (id2name.txt): title, tab, id; duplicates are kept.
ItemList read_item_list(const std::filesystem::path& file, const ReadEvents& events, BrokenLines& broken);

/// Distinct titles, sorted, numbered from 0.
ItemList distinct_items(std::vector<std::string> titles);

/// Titles that a sample's user never met, drawn as the reference draws them: random.seed(42) for every sample, then
/// random.sample(candidates, 99), candidates being the pool in its order without the titles the user met.
class NegativeDraw {
 public:
  static constexpr std::int64_t kNegatives = 99;

  /// pool: titles to draw from, in order, a title of several items as often as it has items. Every one is a title of `items`.
  NegativeDraw(std::span<const std::string> pool, const ItemList& items);

  /// 99 rows of the item list (a title's first row, twice when it was drawn twice); fewer only if there are not as many candidates.
  std::vector<std::int64_t> draw(std::span<const std::string_view> met) const;

 private:
  TextIndex titles_;                                ///< distinct ones of the pool
  std::vector<std::size_t> pool_;                   ///< the title at each place of the pool
  std::vector<std::vector<std::uint32_t>> places_;  ///< where in the pool each title stands
  std::vector<std::int64_t> row_;                   ///< first item row of each title
  mutable std::vector<std::uint32_t> sample_;       ///< the draw from as many candidates as last time: users mostly have the same number
  mutable std::uint32_t sample_of_ = 0;
};

}  // namespace goracs
