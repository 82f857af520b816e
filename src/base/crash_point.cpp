#include "base/crash_point.hpp"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace goracs {
namespace {

struct CrashAt {
  std::string point;
  std::int64_t pass = 0;

  static CrashAt from_environment() {
    const char* value = std::getenv("GORACS_CRASH_AT");
    const std::string text = value != nullptr ? value : "";
    const std::size_t colon = text.rfind(':');
    CrashAt at;
    if (colon == std::string::npos) return at;
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), at.pass);
    at.point = text.substr(0, colon);
    return at;
  }
  bool covers(std::string_view name) const { return name.starts_with(point) && (name.size() == point.size() || name[point.size()] == '.'); }
};

}  // namespace

void crash_point(std::string_view name) {
  static const CrashAt kAt = CrashAt::from_environment();
  if (kAt.pass <= 0 || !kAt.covers(name)) return;
  static std::atomic<std::int64_t> passes{0};
  if (++passes == kAt.pass) ::kill(::getpid(), SIGKILL);
}

}  // namespace goracs
