#include "data/amazon_files.hpp"

#include <cmath>

#include "data/amazon_titles.hpp"
#include "data/json_object_line.hpp"

namespace goracs {
namespace {

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

/// The four members of a review line; rating and time are NaN where the line has none.
struct Review {
  LineValue user, item;
  double rating = std::nan(""), time = std::nan("");
};

/// Empty when the line is a review, else why not.
std::string_view read_review(std::string_view line, Review& review) {
  JsonObjectLine members(line);
  const auto number = [](const LineValue& value, double& slot) {
    if (value.kind == LineValue::Kind::kNull) return true;
    const auto read = number_of(value);
    slot = read.value_or(0);
    return read.has_value();
  };
  bool has_user = false, has_item = false;
  while (members.next()) {
    const std::string_view key = members.key();
    const LineValue& value = members.value();
    if (key == "asin") {
      has_item = value.kind == LineValue::Kind::kString;
      review.item = value;
    } else if (key == "reviewerID") {
      has_user = value.kind == LineValue::Kind::kString;
      review.user = value;
    } else if (key == "overall") {
      if (!number(value, review.rating)) return "overall is no number";
    } else if (key == "unixReviewTime") {
      if (!number(value, review.time)) return "unixReviewTime is no number";
    }
  }
  if (!members.reason().empty()) return members.reason();
  if (!has_user) return "no reviewerID";
  if (review.user.text.find("\\u0000") != std::string_view::npos)
    return "reviewerID with the character U+0000";  // HDF5's strings end there
  return has_item ? std::string_view() : "no asin";
}

/// A key as the table of keys has it; `scratch` holds it where escapes had to be undone.
std::string_view key_text(const LineValue& value, std::string& scratch) {
  if (!value.escaped) return value.text;
  scratch = unescaped_json(value).value_or(std::string(value.text));
  return scratch;
}

}  // namespace

Catalogue read_amazon_metadata(const std::filesystem::path& file, AmazonSet set, TitleRule rule, const ReadEvents& events,
                               BrokenLines& broken) {
  Catalogue catalogue;
  LineReader lines(file, events);
  while (const auto line = lines.next()) {
    if (is_blank(*line)) continue;
    std::string_view reason;
    TitledItem item = titled_item(*line, set, rule, reason);
    if (!reason.empty()) {
      broken.add(lines, reason);
    } else if (item.title) {
      catalogue.put(item.key, std::move(*item.title));
    }
  }
  return catalogue;
}

Interactions read_amazon_reviews(const std::filesystem::path& file, const Catalogue& catalogue, const ReadEvents& events,
                                 BrokenLines& broken) {
  constexpr double kLeastLiked = 4;  // int(overall) > 3
  Interactions interactions;
  LineReader lines(file, events);
  std::string scratch;
  while (const auto line = lines.next()) {
    if (is_blank(*line)) continue;
    Review review;
    if (const std::string_view reason = read_review(*line, review); !reason.empty()) {
      broken.add(lines, reason);
      continue;
    }
    if (std::isnan(review.rating) || std::isnan(review.time)) continue;
    const std::int32_t item = catalogue.keys.find(key_text(review.item, scratch));
    if (item == TextIndex::kNone) continue;
    const std::int32_t user = interactions.users.add(key_text(review.user, scratch));
    interactions.ratings.push_back({user, item, std::trunc(review.time), review.rating >= kLeastLiked});
  }
  return interactions;
}

}  // namespace goracs
