#pragma once

// What CUDA C++ has and g++ lacks: kernels/device.hpp includes this in place of the CUDA compiler's own headers. The types (dim3, __half)
// are the real ones.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>

#include "kernels/emulator/device_queue.hpp"
#include "kernels/emulator/scheduler.hpp"

// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier): CUDA's names

// Static shared memory. One section for all of it, so that it can be spoilt before each block; one block per OS thread needs thread_local.
#undef __shared__
#if defined(GORACS_EMULATOR_THREAD_PER_BLOCK)
#define __shared__ static thread_local
#else
#define __shared__ static __attribute__((section("goracs_shared")))
#endif

// As many empty instructions before the function's entry: launch_limits.cpp counts them. The bound must be a literal (g++ 12 fails on names).
#undef __launch_bounds__
#define __launch_bounds__(threads, ...) __attribute__((patchable_function_entry(threads, threads)))

#define GORACS_SITE_TEXT2(line, number) __FILE__ ":" #line "#" #number
#define GORACS_SITE_TEXT(line, number) GORACS_SITE_TEXT2(line, number)
#define GORACS_SITE GORACS_SITE_TEXT(__LINE__, __COUNTER__)

#define __syncthreads() static_cast<void>(::goracs::emulator::meet_in_block(false, GORACS_SITE))
#define __syncthreads_count(predicate) ::goracs::emulator::meet_in_block((predicate) != 0, GORACS_SITE)
#define __syncthreads_or(predicate) static_cast<int>(__syncthreads_count(predicate) != 0)
#define __syncwarp(...) ::goracs::emulator::warp_barrier(GORACS_SITE __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_sync(mask, value, ...) ::goracs::emulator::shuffle(GORACS_SITE, mask, value, __VA_ARGS__)
#define __shfl_down_sync(mask, value, ...) ::goracs::emulator::shuffle_down(GORACS_SITE, mask, value, __VA_ARGS__)
#define __shfl_up_sync(mask, value, ...) ::goracs::emulator::shuffle_up(GORACS_SITE, mask, value, __VA_ARGS__)
#define __shfl_xor_sync(mask, value, ...) ::goracs::emulator::shuffle_xor(GORACS_SITE, mask, value, __VA_ARGS__)
#define __ballot_sync(mask, predicate) ::goracs::emulator::ballot(GORACS_SITE, mask, (predicate) != 0)
#define __any_sync(mask, predicate) static_cast<int>(__ballot_sync(mask, predicate) != 0)
#define __all_sync(mask, predicate) static_cast<int>(__ballot_sync(mask, predicate) == (mask))

namespace goracs::emulator {

template <class T>
std::uint64_t bits(T value) {
  static_assert(sizeof value <= sizeof(std::uint64_t) && std::is_trivially_copyable_v<T>);
  std::uint64_t word = 0;
  std::memcpy(&word, &value, sizeof value);
  return word;
}
template <class T>
T from_bits(std::uint64_t word) {
  T value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

inline void warp_barrier(Site site, unsigned mask = ~0U) { meet_in_warp(WarpOperation::kBarrier, mask, 0, 0, site); }
inline unsigned ballot(Site site, unsigned mask, bool predicate) {
  return static_cast<unsigned>(meet_in_warp(WarpOperation::kBallot, mask, predicate ? 1 : 0, 0, site));
}
template <class T>
T exchange(Site site, unsigned mask, T value, int source) {
  may_switch();
  return from_bits<T>(meet_in_warp(WarpOperation::kShuffle, mask, bits(value), source, site));
}
// `width` cuts the warp into groups: a lane reads within its own, or itself
template <class T>
T shuffle(Site site, unsigned mask, T value, int source, int width = 32) {
  return exchange(site, mask, value, (lane() & ~(width - 1)) + (source & (width - 1)));
}
template <class T>
T shuffle_down(Site site, unsigned mask, T value, unsigned distance, int width = 32) {
  const int within = (lane() & (width - 1)) + static_cast<int>(distance);
  return exchange(site, mask, value, within < width ? lane() + static_cast<int>(distance) : lane());
}
template <class T>
T shuffle_up(Site site, unsigned mask, T value, unsigned distance, int width = 32) {
  const int within = (lane() & (width - 1)) - static_cast<int>(distance);
  return exchange(site, mask, value, within >= 0 ? lane() - static_cast<int>(distance) : lane());
}
template <class T>
T shuffle_xor(Site site, unsigned mask, T value, int with, int width = 32) {
  const int other = lane() ^ with;
  return exchange(site, mask, value, other / width <= lane() / width ? other : lane());
}

/// Read, change, write as one step. Relaxed, as on the device; once the thread has fenced, what it wrote before becomes visible with it.
template <class T, class Change>
T change(T* address, Change to) {
  may_switch();
  T before, after;
  __atomic_load(address, &before, __ATOMIC_RELAXED);
  if (fenced()) {
    do after = to(before);
    while (!__atomic_compare_exchange(address, &before, &after, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  } else {
    do after = to(before);
    while (!__atomic_compare_exchange(address, &before, &after, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  }
  return before;
}

template <class T>
concept AtomicInteger = std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, unsigned long long>;
template <class T>
concept AtomicNumber = AtomicInteger<T> || std::same_as<T, float> || std::same_as<T, double>;

/// cudaLaunchKernelEx: the arguments are copied now, the grid runs when somebody waits for the stream.
template <class... Parameters, class... Arguments>
cudaError_t launch_kernel(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  check_launch(config->gridDim, config->blockDim, config->dynamicSmemBytes, reinterpret_cast<const void*>(kernel));
  std::tuple<Parameters...> values(static_cast<Parameters>(arguments)...);
  return enqueue(config->stream, "cudaLaunchKernelEx", [kernel, values, launch = *config] {
    run_grid(launch.gridDim, launch.blockDim, launch.dynamicSmemBytes, [&] { std::apply(kernel, values); });
  });
}

}  // namespace goracs::emulator

#define cudaLaunchKernelEx ::goracs::emulator::launch_kernel

inline void __threadfence() { goracs::emulator::fence(); }

// As CUDA has them: no minimum or maximum of floating-point numbers.
template <goracs::emulator::AtomicNumber T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  return goracs::emulator::change(address, [=](T before) { return static_cast<T>(before + value); });
}
template <goracs::emulator::AtomicInteger T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return goracs::emulator::change(address, [=](T before) { return value < before ? value : before; });
}
template <goracs::emulator::AtomicInteger T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return goracs::emulator::change(address, [=](T before) { return before < value ? value : before; });
}
template <goracs::emulator::AtomicInteger T>
T atomicExch(T* address, std::type_identity_t<T> value) {
  return goracs::emulator::change(address, [=](T) { return value; });
}
template <goracs::emulator::AtomicInteger T>
T atomicCAS(T* address, std::type_identity_t<T> compare, std::type_identity_t<T> value) {
  return goracs::emulator::change(address, [=](T before) { return before == compare ? value : before; });
}

// Rounded once, never contracted: the sources are compiled with -ffp-contract=off.
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double a) { return std::sqrt(a); }

inline float __int_as_float(int value) { return std::bit_cast<float>(value); }
inline int __float_as_int(float value) { return std::bit_cast<int>(value); }
inline float __uint_as_float(unsigned value) { return std::bit_cast<float>(value); }
inline unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
inline double __longlong_as_double(long long value) { return std::bit_cast<double>(value); }
inline long long __double_as_longlong(double value) { return std::bit_cast<long long>(value); }

template <class T>
T __ldg(const T* address) {
  return *address;
}
inline int __popc(unsigned value) { return std::popcount(value); }
inline int __clz(int value) { return std::countl_zero(static_cast<unsigned>(value)); }
inline int __ffs(int value) { return value == 0 ? 0 : std::countr_zero(static_cast<unsigned>(value)) + 1; }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<unsigned long long>((static_cast<Wide>(a) * b) >> 64);
}
inline long long __mul64hi(long long a, long long b) {
  __extension__ using Wide = __int128;
  return static_cast<long long>((static_cast<Wide>(a) * b) >> 64);
}

// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)
