#include "base/time_limit.hpp"

#include <charconv>
#include <cstdint>

namespace goracs {
namespace {

std::optional<std::int64_t> whole_number(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> time_limit_seconds(std::string_view text) {
  constexpr std::int64_t kDay = 86400, kSixty = 60;
  std::int64_t seconds = 0;
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    const auto days = whole_number(text.substr(0, dash));
    if (!days) return std::nullopt;
    seconds = *days * kDay;
    text.remove_prefix(dash + 1);
  }
  std::int64_t below = 0;
  for (int parts = 1;; ++parts) {
    const std::size_t colon = text.find(':');
    const auto part = whole_number(text.substr(0, colon));
    if (!part || parts > 3 || (parts > 1 && *part >= kSixty)) return std::nullopt;
    below = below * kSixty + *part;
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  return static_cast<double>(seconds + below);
}

}  // namespace goracs
