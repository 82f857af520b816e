#pragma once

#include <array>
#include <string_view>

namespace goracs::emulator {

/// Mistakes that test_emulator.cpp plants, and demands to be caught (CUDA's rules of thumb: each has been made often).
enum class Bug {
  kNone,
  kReadBeforeBarrier,      ///< no __syncthreads between a write and the read of it
  kWriteBeforeBarrier,     ///< no __syncthreads between a read and the next write
  kPlainAddition,          ///< += in place of atomicAdd
  kNoSyncwarp,             ///< a warp taken to run in step
  kStaticOverrun,          ///< one past a static shared array
  kDynamicOverrun,         ///< one past the dynamic shared memory
  kOverrunThroughPointer,  ///< one past a static shared array that was passed to a function
  kUninitialisedShared,
  kWrongShuffleMask,
  kReadPastRow,        ///< one past the end of a matrix in global memory
  kDifferentBarriers,  ///< two branches, each with a barrier of its own, on one line
  kSkippedBarrier,     ///< one warp does not come
  kExitBeforeBarrier,  ///< threads return, the others wait
  kDeadlock,           ///< one lane waits for its warp, the others for the block
  kMissingLanes,       ///< a full mask in a warp of 8 threads
  kMixedCollectives,   ///< half a warp shuffles while the other half votes
  kNoFence,            ///< no __threadfence before the ticket of the last block
  kLargeBlock,         ///< more than 1024 threads
  kAboveLaunchBounds,
  kTallGrid,               ///< grid.y above 65535
  kMuchSharedMemory,       ///< more than 48 KiB
  kHostReadsDeviceMemory,  ///< a device pointer dereferenced on the host
  kReadBeforeSynchronise,  ///< the copy back has not been waited for
  kCopyPastAllocation,     ///< a copy longer than the device array
};

inline constexpr auto kBugNames = std::to_array<std::string_view>({
    "none",
    "read_before_barrier",
    "write_before_barrier",
    "plain_addition",
    "no_syncwarp",
    "static_overrun",
    "dynamic_overrun",
    "overrun_through_pointer",
    "uninitialised_shared",
    "wrong_shuffle_mask",
    "read_past_row",
    "different_barriers",
    "skipped_barrier",
    "exit_before_barrier",
    "deadlock",
    "missing_lanes",
    "mixed_collectives",
    "no_fence",
    "large_block",
    "above_launch_bounds",
    "tall_grid",
    "much_shared_memory",
    "host_reads_device_memory",
    "read_before_synchronise",
    "copy_past_allocation",
});

}  // namespace goracs::emulator
