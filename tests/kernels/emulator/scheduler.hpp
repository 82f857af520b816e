#pragma once

#include <vector_types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>

/// CUDA's execution model on the host, for tests: every CUDA thread is a fiber, blocks run one after the other, and a schedule decides
/// who goes on at each barrier, warp collective and atomic.
///
/// Goals: executes the very source that nvcc compiles; reports deadlocks, barriers that do not match, wrong masks and wrong launches by
///   itself, with block, thread and line; gives ASan, UBSan and TSan what they need to report the rest.
/// Non-goals: speed; memory order beyond one fence model; anything where blocks wait for one another.
/// Ruled out: an interpreter of PTX (second step), ucontext and std::thread (60 and 10,000 times as slow a switch).
namespace goracs::emulator {

enum class Order { kAscending, kDescending, kRandom };

/// Who runs next. One that is ready runs until it has to wait; a random schedule may also take turns at atomics and shuffles.
struct Schedule {
  Order order = Order::kAscending;
  std::uint64_t seed = 0;
  double preemption = 0;  ///< probability of a switch where one is possible; random order only
};

/// All later launches follow it.
void follow(const Schedule& schedule);

/// What a kernel or its launch does that CUDA does not allow.
class Violation : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws Violation where CUDA would refuse the launch. `kernel` is the function's address, its __launch_bounds__ are checked too.
void check_launch(dim3 grid, dim3 block, std::size_t dynamic_bytes, const void* kernel);

/// Runs `thread` once for every thread of the grid. Throws the first Violation, after all its threads have been unwound.
void run_grid(dim3 grid, dim3 block, std::size_t dynamic_bytes, const std::function<void()>& thread);

/// In the build with one OS thread per block: TSan's limit on fibers allows grids of this many threads; 0 = no limit.
std::size_t most_threads() noexcept;

// --- what a running CUDA thread asks for (device_language.hpp) --------------------------------------------------------------------

/// Where in the source: "file:line#number", so that two barriers on one line differ.
using Site = const char*;

enum class WarpOperation : std::uint8_t { kShuffle, kBallot, kBarrier };

/// Waits until every lane of `mask` has come. Gives the value of lane `source` (shuffle) or the lanes whose value is not 0 (ballot).
std::uint64_t meet_in_warp(WarpOperation operation, unsigned mask, std::uint64_t value, int source, Site site);
/// Waits until every thread of the block has come. Gives how many predicates were true.
int meet_in_block(bool predicate, Site site);
int lane() noexcept;
/// A place where another thread may take over.
void may_switch();
void fence() noexcept;
bool fenced() noexcept;
void* dynamic_shared_memory() noexcept;

}  // namespace goracs::emulator

// set at every switch; real objects, since macros would clash with members of cudaLaunchConfig_t
// NOLINTBEGIN(readability-identifier-naming): CUDA's names
extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;
// NOLINTEND(readability-identifier-naming)
