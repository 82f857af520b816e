#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/text_index.hpp"

namespace goracs {

/// Items by their source's key (asin, item_id) and what they are called.
struct Catalogue {
  TextIndex keys;
  std::vector<std::string> titles;  ///< of each key

  /// Later lines win.
  void put(std::string_view key, std::string title) {
    const auto row = static_cast<std::size_t>(keys.add(key));
    if (row == titles.size()) titles.emplace_back();
    titles[row] = std::move(title);
  }
};

/// Who rated what and when, in file order; items without a title are not in it.
struct Interactions {
  struct Rating {
    std::int32_t user;  ///< row of users
    std::int32_t item;  ///< row of the catalogue
    double time;
    bool liked;
  };
  TextIndex users;  ///< in first-seen order
  std::vector<Rating> ratings;
};

}  // namespace goracs
