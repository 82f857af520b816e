#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/matrix.hpp"

/// Memory and work of the GPU that this process uses, without a header of CUDA's. The device twins of kernels take views of device memory;
/// they and the copies below are queued on one stream, in the order of the calls: our own, or for a scope that of a library (OnStream).
///
/// Goals: one device a process, one stream, one owner for each array; out of memory is an error that says how much was asked for.
/// Non-goals: several devices, overlap of copies and kernels (candidates and duals are kilobytes).
namespace goracs::cuda {

/// Device memory, uninitialised, aligned to 256 bytes. Errors: kIo naming the bytes and what is free; NotCompiled.
void* allocate(std::size_t bytes);
void release(void* device) noexcept;
/// Returns when the bytes have left `host`.
void copy_to_device(void* device, const void* host, std::size_t bytes);
/// Returns when the bytes, and all work queued before, are there.
void copy_to_host(void* host, const void* device, std::size_t bytes);
/// From one row-major block of device memory to another: `rows` rows of `row_bytes`, strides in bytes. Queued.
void copy_rows(void* to, std::size_t to_stride, const void* from, std::size_t from_stride, std::size_t row_bytes, std::size_t rows);
/// Returns when all queued work is done; throws what went wrong in it.
void synchronise();

/// While one lives, this thread queues its work on that stream of CUDA's (nullptr: the default one), behind what a library has queued there and before
/// what it will queue next; so neither waits for the other on the host. One at a time in a thread.
class OnStream {
 public:
  explicit OnStream(void* stream);
  ~OnStream();
  OnStream(const OnStream&) = delete;
  OnStream& operator=(const OnStream&) = delete;
};

/// Owner of an array in device memory.
template <class T>
class DeviceArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  DeviceArray() = default;
  explicit DeviceArray(std::int64_t size)
      : data_(size == 0 ? nullptr : static_cast<T*>(allocate(static_cast<std::size_t>(size) * sizeof(T)))), size_(size) {}
  explicit DeviceArray(std::span<const T> host) : DeviceArray(static_cast<std::int64_t>(host.size())) { assign(host); }
  ~DeviceArray() { release(data_); }
  DeviceArray(DeviceArray&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  std::int64_t size() const noexcept { return size_; }
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  std::span<T> span() noexcept { return {data_, static_cast<std::size_t>(size_)}; }
  std::span<const T> span() const noexcept { return {data_, static_cast<std::size_t>(size_)}; }
  /// The array as rows of `cols`.
  MatrixView<T> view(std::int64_t rows, std::int64_t cols) noexcept { return {data_, rows, cols}; }
  MatrixView<const T> view(std::int64_t rows, std::int64_t cols) const noexcept { return {data_, rows, cols}; }

  /// Both have size() elements.
  void assign(std::span<const T> host) {
    if (size_ > 0) copy_to_device(data_, host.data(), host.size_bytes());
  }
  std::vector<T> to_host() const {
    std::vector<T> host(static_cast<std::size_t>(size_));
    if (size_ > 0) copy_to_host(host.data(), data_, host.size() * sizeof(T));
    return host;
  }

 private:
  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace goracs::cuda
