#pragma once

#include <cstddef>

/// Device memory on the host: each allocation ends at a guard page, and no byte of any can be touched but during a device operation.
namespace goracs::fakes {

/// nullptr when the fake device is full.
void* allocate_device(std::size_t bytes);
/// False if `begin` is no allocation.
bool free_device(void* begin);
/// The same of memory that stand-ins of libraries compute in: the host has another view of it, of the same bytes, that can be touched at any time.
/// Aligned to 64 bytes, and without a guard page.
void* allocate_shared(std::size_t bytes);
void free_shared(void* begin);
/// Where the host sees a byte of such memory.
void* host_view(const void* device);
/// Do these bytes lie within one allocation?
bool is_device(const void* begin, std::size_t bytes);

/// Memory of the fake device, and what is in use of it.
void set_device_bytes(std::size_t bytes);
std::size_t device_bytes();
std::size_t device_bytes_used();

/// While one lives the device works: its memory can be touched.
class DeviceWorks {
 public:
  DeviceWorks();
  ~DeviceWorks();
  DeviceWorks(const DeviceWorks&) = delete;
  DeviceWorks& operator=(const DeviceWorks&) = delete;
};

}  // namespace goracs::fakes
