#include "commands/version.hpp"

#include <cairo.h>
#include <fmt/format.h>
#include <CLI/Version.hpp>

#include "base/version.hpp"
#include "stages/linked_libraries.hpp"

namespace goracs {

std::string version_text(bool verbose) {
  constexpr std::size_t kShown = 10;
  std::string text =
      fmt::format("goracs {} (git {}{})\n", program_version(), git_commit().substr(0, kShown), git_dirty() ? ", changed" : "");
  if (!verbose) return text;
  std::map<std::string, std::string> libraries = linked_libraries();
  libraries["CLI11"] = CLI11_VERSION;
  libraries["cairo"] = cairo_version_string();
  for (const auto& [name, version] : libraries) text += fmt::format("  {:<14}{}\n", name, version);
  return text;
}

}  // namespace goracs
