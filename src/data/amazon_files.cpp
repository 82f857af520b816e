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
    const LineValue& value = members.value();
    if (members.key_is("asin")) {
      has_item = value.kind == LineValue::Kind::kString;
      review.item = value;
    } else if (members.key_is("reviewerID")) {
      has_user = value.kind == LineValue::Kind::kString;
      review.user = value;
    } else if (members.key_is("overall")) {
      if (!number(value, review.rating)) return "overall is no number";
    } else if (members.key_is("unixReviewTime")) {
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

/// A broken line of a block: its number in the block, from 0, and why.
struct Breach {
  std::int64_t line;
  std::string_view reason;
};

/// Parses a file block by block: `parse_line(line, results)` gives a reason where the line is broken; `take(result)` gets the results in the
/// order of the file.
template <class Result, class ParseLine, class Take>
void parse_lines(const std::filesystem::path& file, const FileReading& reading, BrokenLines& broken, const ParseLine& parse_line,
                 const Take& take) {
  std::int64_t lines_before = 0;
  parse_blocks(file, reading.threads, reading.events, [&](std::string_view block) {
    std::vector<Result> results;
    std::vector<Breach> breaches;
    std::int64_t number = 0;
    Lines lines(block);
    for (auto line = lines.next(); line; line = lines.next(), ++number) {
      if (is_blank(*line)) continue;
      if (const std::string_view reason = parse_line(*line, results); !reason.empty()) breaches.push_back({number, reason});
    }
    return [&, number, results = std::move(results), breaches = std::move(breaches)]() mutable {
      for (const Breach& breach : breaches) broken.add(file, lines_before + breach.line + 1, breach.reason);
      for (Result& result : results) take(std::move(result));
      lines_before += number;
    };
  });
}

}  // namespace

Catalogue read_amazon_metadata(const std::filesystem::path& file, AmazonSet set, TitleRule rule, const FileReading& reading,
                               BrokenLines& broken) {
  Catalogue catalogue;
  const auto parse_line = [&](std::string_view line, std::vector<TitledItem>& items) {
    std::string_view reason;
    TitledItem item = titled_item(line, set, rule, reason);
    if (reason.empty() && item.title) items.push_back(std::move(item));
    return reason;
  };
  parse_lines<TitledItem>(file, reading, broken, parse_line, [&](TitledItem&& item) { catalogue.put(item.key, std::move(*item.title)); });
  return catalogue;
}

Interactions read_amazon_reviews(const std::filesystem::path& file, const Catalogue& catalogue, const FileReading& reading,
                                 BrokenLines& broken) {
  constexpr double kLeastLiked = 4;  // int(overall) > 3
  struct TitledReview {
    LineValue user;
    std::int32_t item;
    double time;
    bool liked;
  };
  Interactions interactions;
  const auto parse_line = [&](std::string_view line, std::vector<TitledReview>& reviews) {
    Review review;
    const std::string_view reason = read_review(line, review);
    if (!reason.empty() || std::isnan(review.rating) || std::isnan(review.time)) return reason;
    std::string scratch;
    const std::int32_t item = catalogue.keys.find(key_text(review.item, scratch));
    if (item != TextIndex::kNone) reviews.push_back({review.user, item, std::trunc(review.time), review.rating >= kLeastLiked});
    return reason;
  };
  std::string scratch;
  parse_lines<TitledReview>(file, reading, broken, parse_line, [&](const TitledReview& review) {
    interactions.ratings.push_back({interactions.users.add(key_text(review.user, scratch)), review.item, review.time, review.liked});
  });
  return interactions;
}

}  // namespace goracs
