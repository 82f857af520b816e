#pragma once

#include <cstddef>

// The sanitizers' interfaces, and empty stand-ins where a build has none of them. The build says which it is, since the scheduler itself
// is compiled without -fsanitize=thread: its own state is no part of the emulated program.
#if defined(GORACS_EMULATOR_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(GORACS_EMULATOR_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace goracs::emulator {

#if defined(GORACS_EMULATOR_ASAN)
inline constexpr std::size_t kStackBytes = std::size_t{256} << 10;  // red zones make frames large
inline void leave_stack(void** fake, const void* to, std::size_t bytes) { __sanitizer_start_switch_fiber(fake, to, bytes); }
inline void arrive_on_stack(void* fake, const void** from, std::size_t* bytes) { __sanitizer_finish_switch_fiber(fake, from, bytes); }
inline void poison(const void* begin, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(begin, bytes); }
inline void unpoison(const void* begin, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(begin, bytes); }
#else
inline constexpr std::size_t kStackBytes = std::size_t{64} << 10;
inline void leave_stack(void**, const void*, std::size_t) {}
inline void arrive_on_stack(void*, const void**, std::size_t*) {}
inline void poison(const void*, std::size_t) {}
inline void unpoison(const void*, std::size_t) {}
#endif

#if defined(GORACS_EMULATOR_TSAN)
inline void* tsan_current() { return __tsan_get_current_fiber(); }
inline void* tsan_create() { return __tsan_create_fiber(0); }
inline void tsan_destroy(void* fiber) { __tsan_destroy_fiber(fiber); }
/// Switches without the happens-before that TSan would otherwise see in it: one CUDA thread running after another orders nothing.
inline void tsan_switch(void* fiber) { __tsan_switch_to_fiber(fiber, __tsan_switch_to_fiber_no_sync); }
inline void tsan_acquire(void* address) { __tsan_acquire(address); }
inline void tsan_release(void* address) { __tsan_release(address); }
#else
inline void* tsan_current() { return nullptr; }
inline void* tsan_create() { return nullptr; }
inline void tsan_destroy(void*) {}
inline void tsan_switch(void*) {}
inline void tsan_acquire(void*) {}
inline void tsan_release(void*) {}
#endif

}  // namespace goracs::emulator
