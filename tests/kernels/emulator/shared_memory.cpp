#include "kernels/emulator/shared_memory.hpp"

#include <cstring>
#include <new>

// Made by the linker for the section `goracs_shared` (device_language.hpp), if there is one: thread_local arrays cannot lie in it.
// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier)
extern "C" {
extern char __start_goracs_shared[] __attribute__((weak));
extern char __stop_goracs_shared[] __attribute__((weak));
}
// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)

namespace goracs::emulator {
namespace {

constexpr unsigned char kNanByte = 0xff;

/// memset would be caught by ASan between two arrays, where nothing may be written.
__attribute__((no_sanitize_address, optimize("no-tree-loop-distribute-patterns"))) void fill(char* begin, const char* end) {
  for (volatile char* p = begin; p < end; ++p) *p = static_cast<char>(kNanByte);
}

}  // namespace

SharedMemory::SharedMemory(std::size_t dynamic_bytes)
    : dynamic_(dynamic_bytes == 0 ? nullptr : std::malloc(dynamic_bytes)), bytes_(dynamic_bytes) {
  if (dynamic_bytes > 0 && dynamic_ == nullptr) throw std::bad_alloc();
}

void SharedMemory::spoil() const noexcept {
  if (bytes_ > 0) std::memset(dynamic_.get(), kNanByte, bytes_);
  if (__start_goracs_shared != nullptr) fill(__start_goracs_shared, __stop_goracs_shared);
}

}  // namespace goracs::emulator
