#include "data/amazon_titles.hpp"

#include <algorithm>

#include "data/json_object_line.hpp"
#include "data/python_dict_line.hpp"
#include "data/unicode.hpp"

namespace goracs {
namespace {

/// Titles must be longer than this, in code points.
std::int64_t least_length(AmazonSet set) { return set == AmazonSet::kMovies ? 50 : 1; }

/// The text between `before` and the next `after`, as re.search("before(.*?)after") finds it.
std::optional<std::string_view> first_between(std::string_view line, std::string_view before, char after) {
  const std::size_t at = line.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t begin = at + before.size(), end = line.find(after, begin);
  if (end == std::string_view::npos) return std::nullopt;
  return line.substr(begin, end - begin);
}

/// The same for _key_:\s*_(.*?)_ : white space of any length may stand in front of the value.
std::optional<std::string_view> first_underscored(std::string_view line, std::string_view key) {
  const std::string before = "_" + std::string(key) + "_:";
  for (std::size_t at = 0; (at = line.find(before, at)) != std::string_view::npos; ++at) {
    std::size_t begin = at + before.size();
    while (begin < line.size()) {
      const auto next = unicode::decode(line, begin);
      // Python's \s also takes the separators 1C to 1F
      if (!unicode::is_space(next.code) && !(next.code >= 0x1C && next.code <= 0x1F)) break;
      begin += static_cast<std::size_t>(next.length);
    }
    if (begin >= line.size() || line[begin] != '_') continue;
    const std::size_t end = line.find('_', begin + 1);
    if (end != std::string_view::npos) return line.substr(begin + 1, end - begin - 1);
  }
  return std::nullopt;
}

std::string with_brand(std::string_view title, std::string_view brand) {
  std::string both(title);
  both += " - ";
  both += brand;
  return both;
}

TitledItem by_reference_movies(std::string_view line) {
  std::string swapped(line);
  std::replace(swapped.begin(), swapped.end(), '\'', '_');
  const auto key = first_between(line, R"("asin": ")", '"');
  const auto title = first_between(swapped, R"("title": ")", '"'), brand = first_between(swapped, R"("brand": ")", '"');
  TitledItem item{std::string(key.value_or("")), std::nullopt};
  if (key && title) item.title = brand ? with_brand(*title, *brand) : std::string(*title);
  return item;
}

TitledItem by_reference_food(std::string_view line) {
  std::string swapped(line);
  std::replace(swapped.begin(), swapped.end(), '\'', '_');
  const auto key = first_underscored(swapped, "asin"), title = first_underscored(swapped, "title"),
             brand = first_underscored(swapped, "brand");
  TitledItem item{std::string(key.value_or("")), std::nullopt};
  if (key && title) item.title = brand && !brand->empty() ? with_brand(*title, *brand) : std::string(*title);
  return item;
}

/// A member that must be a text; null counts as absent.
template <class Unescape>
std::optional<std::string> text_member(const LineValue& value, Unescape unescaped, std::string_view& reason) {
  if (value.kind == LineValue::Kind::kNull) return std::nullopt;
  if (value.kind != LineValue::Kind::kString) {
    reason = "asin, title and brand must be texts";
    return std::nullopt;
  }
  auto text = unescaped(value);
  if (!text) reason = "an escape that names no character";
  if (text && text->find('\0') != std::string::npos) reason = "a text with the character U+0000";  // HDF5's strings end there
  return text;
}

template <class Members, class Unescape>
TitledItem by_parsing(std::string_view line, AmazonSet set, Unescape unescaped, std::string_view& reason) {
  Members members(line);
  std::optional<std::string> key, title, brand;
  while (members.next() && reason.empty()) {
    if (members.key() == "asin") key = text_member(members.value(), unescaped, reason);
    if (members.key() == "title") title = text_member(members.value(), unescaped, reason);
    if (members.key() == "brand" && set != AmazonSet::kGames) brand = text_member(members.value(), unescaped, reason);
  }
  if (reason.empty()) reason = members.reason();
  if (reason.empty() && !key) reason = "no asin";
  if (!reason.empty()) return {};
  if (title && brand && !brand->empty()) title = with_brand(*title, *brand);
  if (title && set == AmazonSet::kMovies) std::replace(title->begin(), title->end(), '\'', '_');
  return {std::move(*key), std::move(title)};
}

}  // namespace

TitledItem titled_item(std::string_view line, AmazonSet set, TitleRule rule, std::string_view& reason) {
  TitledItem item;
  if (rule == TitleRule::kReference && set != AmazonSet::kGames) {
    if (!unicode::is_valid(line) || line.find('\0') != std::string_view::npos) {
      reason = "no text in UTF-8";
      return {};
    }
    item = set == AmazonSet::kMovies ? by_reference_movies(line) : by_reference_food(line);
  } else if (set == AmazonSet::kFood) {
    item = by_parsing<PythonDictLine>(line, set, unescaped_python, reason);
  } else {
    item = by_parsing<JsonObjectLine>(line, set, unescaped_json, reason);
  }
  if (item.title && unicode::count_code_points(*item.title) <= least_length(set)) item.title.reset();
  return item;
}

std::string_view after_csv_table(std::string_view title) {
  // pandas' list of what it reads as missing (read_csv, na_values)
  constexpr std::string_view kMissing[] = {"-1.#IND", "1.#QNAN", "1.#IND", "-1.#QNAN", "#N/A N/A", "#N/A", "N/A", "n/a",  "NA",
                                           "<NA>",    "#NA",     "NULL",   "null",     "NaN",      "-NaN", "nan", "-nan", "None"};
  return std::find(std::begin(kMissing), std::end(kMissing), title) == std::end(kMissing) ? title : "nan";
}

}  // namespace goracs
