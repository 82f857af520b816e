#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/amazon_files.hpp"

namespace goracs {

/// What a metadata line says about an item.
struct TitledItem {
  std::string key;
  std::optional<std::string> title;  ///< none: the line gives no usable title
};

/// The title of one line by either rule. On a broken line `reason` says why (the reference's matching breaks on nothing).
TitledItem titled_item(std::string_view line, AmazonSet set, TitleRule rule, std::string_view& reason);

/// What the reference's trip through a CSV table makes of a target title: "nan" of what pandas reads as missing, else the title.
std::string_view after_csv_table(std::string_view title);

}  // namespace goracs
