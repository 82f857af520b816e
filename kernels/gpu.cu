#include "kernels/gpu.hpp"

#include <array>

#include "kernels/device.hpp"

namespace goracs::cuda {

Gpus visible_gpus() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return {count, {}, true};
  // a program linked against the toolkit's stub of the driver gets the third one
  const bool none =
      status == cudaSuccess || status == cudaErrorInsufficientDriver || status == cudaErrorNoDevice || status == cudaErrorStubLibrary;
  if (!none) check(status, "cudaGetDeviceCount");
  static_cast<void>(cudaGetLastError());  // it would be reported by a later call
  return {0, status == cudaErrorInsufficientDriver ? "there is no NVIDIA driver, or one too old for this program" : "there is no GPU",
          true};
}

namespace {
bool is_used = false;
}  // namespace

void use(int gpu) {
  const cudaError_t status = cudaSetDevice(gpu);
  if (status != cudaSuccess) fail(ExitCode::kUsage, "GPU {} cannot be used: {}", gpu, cudaGetErrorString(status));
  is_used = true;
}

bool in_use() noexcept { return is_used; }

std::string bus_address(int gpu) {
  std::array<char, 32> name{};
  GORACS_CUDA_TRY(cudaDeviceGetPCIBusId(name.data(), static_cast<int>(name.size()), gpu));
  return name.data();
}

GpuMemory gpu_memory() {
  GpuMemory memory;
  GORACS_CUDA_TRY(cudaMemGetInfo(&memory.available, &memory.total));
  return memory;
}

}  // namespace goracs::cuda
