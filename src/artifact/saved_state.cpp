#include "artifact/saved_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "artifact/commit.hpp"
#include "base/crash_point.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace goracs::saved_state {
namespace {

struct State {
  std::int64_t number = 0;
  std::string xxh3;
  std::filesystem::path path;
};

/// name.000012.<32 hex digits>
std::optional<State> state_of(const std::filesystem::path& path, const std::string& name) {
  const std::string text = path.filename().string();
  if (!text.starts_with(name + ".")) return std::nullopt;
  State state;
  state.path = path;
  const char* digits = text.data() + name.size() + 1;
  const auto [end, error] = std::from_chars(digits, text.data() + text.size(), state.number);
  if (error != std::errc{} || end == text.data() + text.size() || *end != '.') return std::nullopt;
  state.xxh3 = std::string(end + 1, text.data() + text.size());
  constexpr std::size_t kHashDigits = 32;
  if (state.xxh3.size() != kHashDigits) return std::nullopt;
  return state;
}

/// All of a name, the newest first.
std::vector<State> states_of(const std::filesystem::path& folder, const std::string& name) {
  std::vector<State> states;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (auto state = state_of(entry.path(), name)) states.push_back(std::move(*state));
  std::sort(states.begin(), states.end(), [](const State& a, const State& b) { return a.number > b.number; });
  return states;
}

}  // namespace

void save(const std::filesystem::path& folder, const std::string& name, const std::function<void(const std::filesystem::path&)>& write,
          std::int64_t keep) {
  make_folder(folder);
  const std::vector<State> before = states_of(folder, name);
  const std::int64_t number = before.empty() ? 1 : before.front().number + 1;
  const std::filesystem::path temporary = temporary_beside(folder / name);
  write(temporary);
  crash_point("commit.written");
  sync_tree(temporary);
  publish_sealed(temporary, folder / fmt::format("{}.{:06}.{}", name, number, seal_of(temporary).xxh3));
  sync_folder(folder);
  for (auto k = static_cast<std::size_t>(keep - 1); k < before.size(); ++k) {
    remove_tree(before[k].path);
    crash_point("commit.pruned");
  }
}

std::optional<std::filesystem::path> find(const std::filesystem::path& folder, const std::string& name) {
  for (const State& state : states_of(folder, name)) {
    const std::string found = seal_of(state.path).xxh3;
    if (found == state.xxh3) return state.path;
    log_warning("{}: damaged (XXH3-128 {}); going back to the state before it", state.path.string(), found);
  }
  return std::nullopt;
}

}  // namespace goracs::saved_state
