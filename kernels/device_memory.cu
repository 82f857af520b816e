#include "kernels/device_memory.hpp"

#include <optional>

#include "kernels/device.hpp"

namespace goracs::cuda {
namespace {

thread_local std::optional<cudaStream_t> given_stream;  // of OnStream

// For the life of the process: the driver takes it back, and destroying it after main has ended may come after the runtime's own end.
cudaStream_t own_stream() {
  static const cudaStream_t kStream = [] {
    cudaStream_t made = nullptr;
    GORACS_CUDA_TRY(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
    return made;
  }();
  return kStream;
}

}  // namespace

cudaStream_t stream() { return given_stream ? *given_stream : own_stream(); }

OnStream::OnStream(void* stream) { given_stream = static_cast<cudaStream_t>(stream); }
OnStream::~OnStream() { given_stream.reset(); }

void* allocate(std::size_t bytes) {
  void* device = nullptr;
  const cudaError_t status = cudaMalloc(&device, bytes);
  if (status == cudaErrorMemoryAllocation) {
    std::size_t available = 0, total = 0;
    GORACS_CUDA_TRY(cudaMemGetInfo(&available, &total));
    fail(ExitCode::kIo, "the GPU has no {} bytes left: {} of {} are free (cudaMalloc)", bytes, available, total);
  }
  check(status, "cudaMalloc");
  return device;
}

void release(void* device) noexcept {
  if (device != nullptr) GORACS_CUDA_TRY_NO_THROW(cudaFree(device));
}

void copy_to_device(void* device, const void* host, std::size_t bytes) {
  GORACS_CUDA_TRY(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream()));
  GORACS_CUDA_TRY(cudaStreamSynchronize(stream()));
}

void copy_to_host(void* host, const void* device, std::size_t bytes) {
  GORACS_CUDA_TRY(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream()));
  GORACS_CUDA_TRY(cudaStreamSynchronize(stream()));
}

void copy_rows(void* to, std::size_t to_stride, const void* from, std::size_t from_stride, std::size_t row_bytes, std::size_t rows) {
  GORACS_CUDA_TRY(cudaMemcpy2DAsync(to, to_stride, from, from_stride, row_bytes, rows, cudaMemcpyDeviceToDevice, stream()));
}

void synchronise() { GORACS_CUDA_TRY(cudaStreamSynchronize(stream())); }

}  // namespace goracs::cuda
