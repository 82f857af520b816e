// The CUDA runtime on the host. Whatever CUDA may do later is put off until somebody waits for its stream: who reads a result too early
// reads old bytes, who reads device memory from the host crashes. Streams run in any order that events allow; here: only what is
// waited for. Ruled out: the default stream's own order (we launch on streams of our own).
#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>

#include "kernels/emulator/device_queue.hpp"
#include "kernels/emulator/scheduler.hpp"
#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"

// NOLINTBEGIN(readability-identifier-naming): CUDA's names
struct CUstream_st {
  std::deque<std::function<void()>> waiting;
  std::uint64_t enqueued = 0;
  std::uint64_t done = 0;
};
struct CUevent_st {
  cudaStream_t stream = nullptr;
  std::uint64_t position = 0;
  std::chrono::steady_clock::time_point reached;
};
// NOLINTEND(readability-identifier-naming)

namespace {

using goracs::emulator::Violation;
using goracs::fakes::begin_call;
using goracs::fakes::DeviceWorks;
using goracs::fakes::is_device;

cudaError_t last_error = cudaSuccess;
int current_device = 0;

std::set<cudaStream_t>& streams() {
  static std::set<cudaStream_t> all;
  return all;
}

cudaStream_t default_stream() {
  static CUstream_st stream;
  return &stream;
}

cudaError_t answer(cudaError_t status) {
  if (status != cudaSuccess) last_error = status;
  return status;
}

/// begin_call as a status of CUDA's.
cudaError_t begin(std::string_view function) { return answer(static_cast<cudaError_t>(begin_call(function))); }

void run_until(cudaStream_t stream, std::uint64_t position) {
  while (stream->done < position && !stream->waiting.empty()) {
    const std::function<void()> operation = std::move(stream->waiting.front());
    stream->waiting.pop_front();
    ++stream->done;
    operation();
  }
}

void run_all(cudaStream_t stream) { run_until(stream, stream->enqueued); }

void run_everything() {
  run_all(default_stream());
  for (const cudaStream_t stream : streams()) run_all(stream);
}

void check_side(const void* address, std::size_t bytes, bool device, const char* call) {
  if (bytes > 0 && is_device(address, bytes) != device) {
    throw Violation(std::string(call) + (device ? ": not within one allocation of the device" : ": device memory given as host memory"));
  }
}

void check_copy(const void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, const char* call) {
  check_side(to, bytes, kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice, call);
  check_side(from, bytes, kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice, call);
}

}  // namespace

cudaError_t goracs::emulator::enqueue(cudaStream_t stream, std::string_view call, std::function<void()> operation) {
  if (const cudaError_t status = begin(call); status != cudaSuccess) return status;
  const cudaStream_t queue = stream == nullptr ? default_stream() : stream;
  ++queue->enqueued;
  queue->waiting.emplace_back([run = std::move(operation)] {
    const DeviceWorks works;
    run();
  });
  return cudaSuccess;
}

// NOLINTBEGIN(readability-identifier-naming): CUDA's names
extern "C" {

cudaError_t cudaMalloc(void** address, std::size_t bytes) {
  if (const cudaError_t status = begin("cudaMalloc"); status != cudaSuccess) return status;
  *address = bytes == 0 ? nullptr : goracs::fakes::allocate_device(bytes);
  return answer(bytes > 0 && *address == nullptr ? cudaErrorMemoryAllocation : cudaSuccess);
}

cudaError_t cudaFree(void* address) {
  if (const cudaError_t status = begin("cudaFree"); status != cudaSuccess) return status;
  run_everything();  // as the real one waits for the device
  return answer(address == nullptr || goracs::fakes::free_device(address) ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaMallocHost(void** address, std::size_t bytes) {
  if (const cudaError_t status = begin("cudaMallocHost"); status != cudaSuccess) return status;
  *address = std::malloc(bytes);
  return answer(*address == nullptr ? cudaErrorMemoryAllocation : cudaSuccess);
}

cudaError_t cudaFreeHost(void* address) {
  if (const cudaError_t status = begin("cudaFreeHost"); status != cudaSuccess) return status;
  run_everything();
  std::free(address);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  check_copy(to, from, bytes, kind, "cudaMemcpyAsync");
  if (kind == cudaMemcpyDeviceToHost) goracs::fakes::count_bytes_to_host(bytes);
  return goracs::emulator::enqueue(stream, "cudaMemcpyAsync", [=] { std::memcpy(to, from, bytes); });
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, std::size_t width,
                              std::size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  if (width > to_pitch || width > from_pitch) return answer(cudaErrorInvalidPitchValue);
  if (width > 0 && height > 0) {
    const auto extent = [=](std::size_t pitch) { return (height - 1) * pitch + width; };
    check_side(to, extent(to_pitch), kind != cudaMemcpyDeviceToHost, "cudaMemcpy2DAsync");
    check_side(from, extent(from_pitch), kind != cudaMemcpyHostToDevice, "cudaMemcpy2DAsync");
  }
  return goracs::emulator::enqueue(stream, "cudaMemcpy2DAsync", [=] {
    for (std::size_t row = 0; row < height; ++row)
      std::memcpy(static_cast<char*>(to) + row * to_pitch, static_cast<const char*>(from) + row * from_pitch, width);
  });
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  if (const cudaError_t status = begin("cudaMemcpy"); status != cudaSuccess) return status;
  check_copy(to, from, bytes, kind, "cudaMemcpy");
  run_all(default_stream());
  const DeviceWorks works;
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* address, int value, std::size_t bytes, cudaStream_t stream) {
  check_side(address, bytes, true, "cudaMemsetAsync");
  return goracs::emulator::enqueue(stream, "cudaMemsetAsync", [=] { std::memset(address, value, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (const cudaError_t status = begin("cudaStreamCreateWithFlags"); status != cudaSuccess) return status;
  *stream = new CUstream_st;
  streams().insert(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  if (const cudaError_t status = begin("cudaStreamDestroy"); status != cudaSuccess) return status;
  run_all(stream);
  streams().erase(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t status = begin("cudaStreamSynchronize"); status != cudaSuccess) return status;
  run_all(stream == nullptr ? default_stream() : stream);
  return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  if (const cudaError_t status = begin("cudaStreamQuery"); status != cudaSuccess) return status;
  const cudaStream_t queue = stream == nullptr ? default_stream() : stream;
  // one step at a time: who polls sees cudaErrorNotReady first, and gets there in the end
  if (queue->done < queue->enqueued) {
    run_until(queue, queue->done + 1);
    return cudaErrorNotReady;
  }
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return goracs::emulator::enqueue(stream, "cudaStreamWaitEvent", [recorded_on = event->stream, position = event->position] {
    if (recorded_on != nullptr) run_until(recorded_on, position);
  });
}

cudaError_t cudaDeviceSynchronize() {
  if (const cudaError_t status = begin("cudaDeviceSynchronize"); status != cudaSuccess) return status;
  run_everything();
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (const cudaError_t status = begin("cudaEventCreateWithFlags"); status != cudaSuccess) return status;
  *event = new CUevent_st;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  if (const cudaError_t status = begin("cudaEventDestroy"); status != cudaSuccess) return status;
  run_everything();  // a queued record may still name it
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const cudaError_t status =
      goracs::emulator::enqueue(stream, "cudaEventRecord", [event] { event->reached = std::chrono::steady_clock::now(); });
  if (status != cudaSuccess) return status;
  event->stream = stream == nullptr ? default_stream() : stream;
  event->position = event->stream->enqueued;
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (const cudaError_t status = begin("cudaEventSynchronize"); status != cudaSuccess) return status;
  if (event->stream != nullptr) run_until(event->stream, event->position);
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (const cudaError_t status = begin("cudaEventQuery"); status != cudaSuccess) return status;
  if (event->stream == nullptr || event->stream->done >= event->position) return cudaSuccess;
  run_until(event->stream, event->stream->done + 1);
  return cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  if (const cudaError_t status = begin("cudaEventElapsedTime"); status != cudaSuccess) return status;
  *milliseconds = std::chrono::duration<float, std::milli>(to->reached - from->reached).count();
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  if (const cudaError_t status = begin("cudaGetDeviceCount"); status != cudaSuccess) return status;
  const char* const devices = std::getenv("GORACS_FAKE_DEVICES");
  *count = devices == nullptr ? 1 : std::atoi(devices);
  return answer(*count == 0 ? cudaErrorNoDevice : cudaSuccess);
}

cudaError_t cudaSetDevice(int device) {
  if (const cudaError_t status = begin("cudaSetDevice"); status != cudaSuccess) return status;
  current_device = device;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return begin("cudaGetDevice");
}

cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes) {
  if (const cudaError_t status = begin("cudaMemGetInfo"); status != cudaSuccess) return status;
  *total_bytes = goracs::fakes::device_bytes();
  *free_bytes = *total_bytes - goracs::fakes::device_bytes_used();
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  if (const cudaError_t status = begin("cudaDeviceGetAttribute"); status != cudaSuccess) return status;
  *value = attribute == cudaDevAttrMultiProcessorCount ? 4 : 0;  // few, so that grids are small and blocks take many turns
  return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* name, int length, int device) {
  std::snprintf(name, static_cast<std::size_t>(length), "0000:%02x:00.0", device);
  return begin("cudaDeviceGetPCIBusId");
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
  if (const cudaError_t status = begin("cudaPointerGetAttributes"); status != cudaSuccess) return status;
  *attributes = {};
  attributes->type = is_device(address, 1) ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t status = last_error;
  last_error = cudaSuccess;
  return status;
}

const char* cudaGetErrorName(cudaError_t status) {
  switch (status) {
    case cudaSuccess: return "cudaSuccess";
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorNoDevice: return "cudaErrorNoDevice";
    case cudaErrorInsufficientDriver: return "cudaErrorInsufficientDriver";
    case cudaErrorStubLibrary: return "cudaErrorStubLibrary";
    case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
    case cudaErrorInvalidPitchValue: return "cudaErrorInvalidPitchValue";
    case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
    default: return "another error";
  }
}

const char* cudaGetErrorString(cudaError_t status) { return cudaGetErrorName(status); }

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
