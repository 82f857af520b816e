#include "kernels/fakes/device_pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <map>

#include "kernels/emulator/sanitizers.hpp"

namespace goracs::fakes {
namespace {

constexpr std::size_t kAlignment = 16;  // less than cudaMalloc's 256, so that the end lies close to the guard page
constexpr int kFirstBytes = 0xff;       // device memory starts undefined

struct Allocation {
  char* pages;
  std::size_t page_bytes;  // without the guard
  std::size_t bytes;
};

std::map<char*, Allocation>& allocations() {
  static std::map<char*, Allocation> all;
  return all;
}

std::size_t capacity = std::size_t{1} << 30;
std::size_t used = 0;
int working = 0;

std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

void protect_all(int access) {
  for (const auto& [begin, allocation] : allocations()) mprotect(allocation.pages, allocation.page_bytes, access);
}

}  // namespace

void* allocate_device(std::size_t bytes) {
  if (bytes > capacity - used) return nullptr;
  const auto guard = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t page_bytes = round_up(bytes, guard);
  void* const pages = mmap(nullptr, page_bytes + guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  char* const first = static_cast<char*>(pages);
  char* const begin = first + page_bytes - round_up(bytes, kAlignment);
  std::memset(begin, kFirstBytes, bytes);
  emulator::poison(first, static_cast<std::size_t>(begin - first));
  emulator::poison(begin + bytes, round_up(bytes, kAlignment) - bytes);
  mprotect(first + page_bytes, guard, PROT_NONE);
  if (working == 0) mprotect(first, page_bytes, PROT_NONE);
  allocations()[begin] = {first, page_bytes, bytes};
  used += bytes;
  return begin;
}

bool free_device(void* begin) {
  const auto found = allocations().find(static_cast<char*>(begin));
  if (found == allocations().end()) return false;
  const Allocation allocation = found->second;
  emulator::unpoison(allocation.pages, allocation.page_bytes);
  munmap(allocation.pages, allocation.page_bytes + static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  used -= allocation.bytes;
  allocations().erase(found);
  return true;
}

bool is_device(const void* begin, std::size_t bytes) {
  auto* const first = static_cast<char*>(const_cast<void*>(begin));
  auto after = allocations().upper_bound(first);
  if (after == allocations().begin()) return false;
  const auto& [start, allocation] = *--after;
  const auto offset = static_cast<std::size_t>(first - start);
  return offset <= allocation.bytes && bytes <= allocation.bytes - offset;
}

void set_device_bytes(std::size_t bytes) { capacity = bytes; }
std::size_t device_bytes() { return capacity; }
std::size_t device_bytes_used() { return used; }

DeviceWorks::DeviceWorks() {
  if (working++ == 0) protect_all(PROT_READ | PROT_WRITE);
}
DeviceWorks::~DeviceWorks() {
  if (--working == 0) protect_all(PROT_NONE);
}

}  // namespace goracs::fakes
