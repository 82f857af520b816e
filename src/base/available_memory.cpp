#include "base/available_memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace goracs {
namespace {

constexpr std::int64_t kBytesPerKilobyte = 1024;

std::optional<std::int64_t> number_in(const char* path) {
  std::ifstream in(path);
  std::int64_t value = 0;
  return in >> value ? std::optional(value) : std::nullopt;  // "max" stands for no limit
}

/// limit - used + what the group's page cache could give back
std::optional<std::int64_t> left_in_group(const char* limit_path, const char* used_path, const char* statistics_path) {
  const auto limit = number_in(limit_path), used = number_in(used_path);
  if (!limit || !used) return std::nullopt;
  std::int64_t cached = 0;
  std::ifstream statistics(statistics_path);
  std::string key;
  for (std::int64_t value = 0; statistics >> key >> value;)
    if (key == "inactive_file" || key == "active_file") cached += value;
  return std::max<std::int64_t>(*limit - *used + cached, 0);
}

}  // namespace

std::int64_t available_memory() {
  std::int64_t available = std::numeric_limits<std::int64_t>::max();
  std::ifstream info("/proc/meminfo");
  std::string key;
  for (std::string word; info >> word;) {
    if (key == "MemAvailable:") {
      available = std::stoll(word) * kBytesPerKilobyte;
      break;
    }
    key = word;
  }
  const auto version2 = left_in_group("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat");
  const auto version1 = left_in_group("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes",
                                      "/sys/fs/cgroup/memory/memory.stat");
  for (const auto& left : {version2, version1})
    if (left) available = std::min(available, *left);
  return available;
}

}  // namespace goracs
