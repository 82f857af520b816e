#include "base/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

namespace goracs::terminal {
namespace {

std::mutex& bar_mutex() {
  static std::mutex mutex;
  return mutex;
}
bool bar_is_drawn = false;

std::size_t columns() {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

void write_all(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

constexpr std::string_view kEraseLine = "\r\033[K";

}  // namespace

bool is_there() { return ::isatty(STDERR_FILENO) == 1; }

bool has_colours() {
  const char* refused = std::getenv("NO_COLOR");
  return is_there() && (refused == nullptr || *refused == '\0');
}

void draw_bar(std::string_view text) {
  if (!is_there()) return;
  const std::lock_guard lock(bar_mutex());
  write_all(std::string(kEraseLine) + std::string(text.substr(0, columns() - 1)));
  bar_is_drawn = true;
}

void erase_bar() {
  const std::lock_guard lock(bar_mutex());
  if (!bar_is_drawn) return;
  write_all(kEraseLine);
  bar_is_drawn = false;
}

}  // namespace goracs::terminal
