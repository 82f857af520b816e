#include "data/atomic_files.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.hpp"
#include "data/unicode.hpp"

namespace goracs {
namespace {

/// The lines below the head, cut at their tabs.
class Table {
 public:
  Table(const std::filesystem::path& file, const ReadEvents& events) : lines_(file, events) {
    const auto head = lines_.next();
    GORACS_CHECK_INPUT(head.has_value(), "{}: empty, expected a first line that names the columns", file.string());
    cut(*head);
    for (const std::string_view cell : cells_) names_.emplace_back(cell.substr(0, cell.find(':')));
  }

  std::optional<std::size_t> find(const std::string& name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names_.begin());
  }
  std::size_t column(const std::string& name) const {
    const auto found = find(name);
    if (found) return *found;
    std::string known;
    for (const std::string& other : names_) known += (known.empty() ? "" : ", ") + other;
    fail(ExitCode::kInput, "{}:1: no column '{}' (columns: {})", lines_.path().string(), name, known);
  }

  /// The next line with as many cells as there are columns; the others are broken.
  bool next(BrokenLines& broken) {
    while (const auto line = lines_.next()) {
      if (line->empty()) continue;
      cut(*line);
      if (cells_.size() != names_.size()) {
        broken.add(lines_.path(), lines_.number(), fmt::format("{} columns, expected {}", cells_.size(), names_.size()));
      } else if (!unicode::is_valid(*line) || line->find('\0') != std::string_view::npos) {
        broken.add(lines_.path(), lines_.number(), "no text in UTF-8");
      } else {
        return true;
      }
    }
    return false;
  }
  std::string_view operator[](std::size_t column) const { return cells_[column]; }
  const LineReader& lines() const noexcept { return lines_; }

 private:
  void cut(std::string_view line) {
    cells_.clear();
    for (std::size_t begin = 0;;) {
      const std::size_t tab = line.find('\t', begin);
      cells_.push_back(line.substr(begin, tab - begin));
      if (tab == std::string_view::npos) return;
      begin = tab + 1;
    }
  }

  LineReader lines_;
  std::vector<std::string> names_;
  std::vector<std::string_view> cells_;
};

std::optional<double> number_in(std::string_view cell) {
  double number = 0;
  const auto [rest, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (error != std::errc() || rest != cell.data() + cell.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace

Catalogue read_atomic_items(const std::filesystem::path& file, const std::string& title_column, const ReadEvents& events,
                            BrokenLines& broken) {
  Table table(file, events);
  const std::size_t key = table.column("item_id"), title = table.column(title_column);
  Catalogue catalogue;
  while (table.next(broken))
    if (!table[title].empty()) catalogue.put(table[key], std::string(table[title]));
  return catalogue;
}

Interactions read_atomic_ratings(const std::filesystem::path& file, const Catalogue& catalogue, bool needs_rating, const ReadEvents& events,
                                 BrokenLines& broken) {
  constexpr double kMostDisliked = 3;
  Table table(file, events);
  const std::size_t user = table.column("user_id"), item = table.column("item_id"), time = table.column("timestamp");
  const auto rating = needs_rating ? std::optional(table.column("rating")) : table.find("rating");
  Interactions interactions;
  while (table.next(broken)) {
    const auto when = number_in(table[time]);
    const auto stars = rating ? number_in(table[*rating]) : std::optional(0.0);
    if (!when || !stars) {
      broken.add(file, table.lines().number(), when ? "rating is no number" : "timestamp is no number");
      continue;
    }
    const std::int32_t row = catalogue.keys.find(table[item]);
    if (row == TextIndex::kNone) continue;
    interactions.ratings.push_back({interactions.users.add(table[user]), row, *when, *stars > kMostDisliked});
  }
  return interactions;
}

}  // namespace goracs
