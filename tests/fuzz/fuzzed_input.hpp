#pragma once

#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>

#include "base/error.hpp"

namespace goracs::test {

/// Runs `parse` on one input: it may succeed or throw an Error with the code `refused`, nothing else. It may hold no more memory than a constant factor
/// of the input at any time.
inline int expect_parsed_or_refused(const std::uint8_t* data, std::size_t size,
                                    const std::function<void(std::span<const std::byte>)>& parse, ExitCode refused = ExitCode::kInput) {
  constexpr std::size_t kFactor = 1024, kConstant = std::size_t{1} << 20;
  static std::size_t live = 0, peak = 0;
  static const int kInstalled = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, std::size_t bytes) {
        live += bytes;
        if (live > peak) peak = live;
      },
      [](const volatile void* freed) { live -= std::min(live, __sanitizer_get_allocated_size(freed)); });
  static_cast<void>(kInstalled);
  live = peak = 0;
  try {
    parse(std::as_bytes(std::span(data, size)));
  } catch (const Error& error) {
    if (error.code() != refused) std::abort();
  }
  if (peak > kFactor * size + kConstant) {
    std::fprintf(stderr, "%zu bytes were allocated for an input of %zu\n", peak, size);
    std::abort();
  }
  return 0;
}

}  // namespace goracs::test
