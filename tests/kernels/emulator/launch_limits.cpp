#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "kernels/emulator/scheduler.hpp"

// One entry for each function with __launch_bounds__, which device_language.hpp turns into that many empty instructions before the
// function's entry: the entry here is the address of the first of them.
// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier)
extern "C" {
extern const unsigned char* const __start___patchable_function_entries[] __attribute__((weak));
extern const unsigned char* const __stop___patchable_function_entries[] __attribute__((weak));
}
// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)

namespace goracs::emulator {
namespace {

constexpr unsigned char kNop = 0x90;
constexpr unsigned kMostThreads = 1024;
constexpr unsigned kMostDepth = 64;           // blockDim.z
constexpr unsigned kMostRows = 65535;         // gridDim.y and gridDim.z
constexpr unsigned kMostBlocks = 0x7fffffff;  // gridDim.x
constexpr std::size_t kMostShared = std::size_t{48} << 10;

/// The kernel's launch bound, 0 if it states none.
unsigned launch_bound(const void* kernel) {
  const auto* const entry = static_cast<const unsigned char*>(kernel);
  for (const unsigned char* const* first = __start___patchable_function_entries; first != __stop___patchable_function_entries; ++first) {
    const bool before = *first < entry && entry - *first <= kMostThreads;  // of this kernel, or of a short one before it
    if (before && std::all_of(*first, entry, [](unsigned char byte) { return byte == kNop; })) return static_cast<unsigned>(entry - *first);
  }
  return 0;
}

void require(bool condition, const std::string& what) {
  if (!condition) throw Violation("launch: " + what);
}

}  // namespace

void check_launch(dim3 grid, dim3 block, std::size_t dynamic_bytes, const void* kernel) {
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  require(threads > 0 && threads <= kMostThreads && block.z <= kMostDepth,
          fmt::format("a block of {} x {} x {} threads, at most {} are allowed", block.x, block.y, block.z, kMostThreads));
  require(grid.x > 0 && grid.x <= kMostBlocks && grid.y > 0 && grid.y <= kMostRows && grid.z > 0 && grid.z <= kMostRows,
          fmt::format("a grid of {} x {} x {} blocks, at most {} x {} x {} are allowed and at least one", grid.x, grid.y, grid.z,
                      kMostBlocks, kMostRows, kMostRows));
  require(dynamic_bytes <= kMostShared,
          fmt::format("{} bytes of dynamic shared memory, at most {} are allowed", dynamic_bytes, kMostShared));
  const unsigned bound = launch_bound(kernel);
  require(bound == 0 || threads <= bound, fmt::format("{} threads a block, but the kernel's __launch_bounds__ are {}", threads, bound));
}

}  // namespace goracs::emulator
