#pragma once

#include <string>

#include "data/interactions.hpp"
#include "data/line_reader.hpp"

namespace goracs {

/// RecBole's atomic files: tab separated, the first line names the columns as name:type.
/// Errors: kInput when a column is missing; lines of another number of columns or with broken numbers are broken lines.

/// .item: item_id and the column with the titles, which are taken as they stand; items without a title are left out.
Catalogue read_atomic_items(const std::filesystem::path& file, const std::string& title_column, const ReadEvents& events,
                            BrokenLines& broken);

/// .inter: user_id, item_id, timestamp and, if it is needed, rating; a like is rating > 3.
Interactions read_atomic_ratings(const std::filesystem::path& file, const Catalogue& catalogue, bool needs_rating, const ReadEvents& events,
                                 BrokenLines& broken);

}  // namespace goracs
