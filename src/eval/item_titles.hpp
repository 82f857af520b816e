#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace goracs {

/// What a model was asked for, out of what it wrote: all quotes at both ends removed, then outer spaces (SPEC 8).
/// Quotes go first: one that a space hides stays, as in the reference.
std::string clean_title(std::string_view text);

/// The item rows of each title; titles are compared without outer spaces, and one title may have several rows (one an id).
class ItemTitles {
 public:
  explicit ItemTitles(std::span<const std::string> titles);

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(title_of_row_.size()); }
  /// Empty for a title that no item has.
  std::span<const std::int64_t> rows_of(std::string_view title) const;
  /// All rows that share this row's title, itself included.
  std::span<const std::int64_t> rows_like(std::int64_t row) const;
  /// The rows of a list of negatives: each brings all rows of its title, a title listed twice brings them twice.
  std::vector<std::int64_t> expanded(std::span<const std::int64_t> rows) const;
  /// (I): how many of the targets bear the title of each row.
  std::vector<std::int64_t> popularity(std::span<const std::string> targets) const;

 private:
  std::vector<std::vector<std::int64_t>> rows_;  ///< of each distinct title
  std::vector<std::size_t> title_of_row_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace goracs
