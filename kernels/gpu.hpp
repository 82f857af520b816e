#pragma once

#include <cstddef>
#include <string>

/// Which GPUs there are, and the choice of one, without a header of CUDA's. No other call may come before `use`.
namespace goracs::cuda {

struct Gpus {
  int count = 0;
  std::string why_none;  ///< one clause, empty if there are any
  bool compiled = true;  ///< false: in a build without CUDA nobody has looked
};
/// The GPUs that this process sees. No GPU, no driver and a build without CUDA are answers, not errors.
Gpus visible_gpus();

/// The one that a rank uses: its rank among those of its host, counted round.
///   local rank 5, 4 GPUs   ->   GPU 1
inline int gpu_of(int local_rank, int gpus) { return local_rank % gpus; }

/// Everything on the device, of this thread, happens there from now on. Errors: kUsage naming the GPU.
void use(int gpu);

/// Whether this process uses one: `use` has been called.
bool in_use() noexcept;

/// Names the physical GPU, also where processes number them differently: "0000:17:00.0".
std::string bus_address(int gpu);

struct GpuMemory {
  std::size_t available = 0, total = 0;  ///< bytes
};
GpuMemory gpu_memory();

}  // namespace goracs::cuda
