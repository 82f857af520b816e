#include "kernels/fakes/device_pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <vector>

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

/// Memory with two views: one file mapped twice. Pieces are powers of two and never joined again; what is free of one size is given out again.
class SharedMemory {
 public:
  SharedMemory() {
    const int file = memfd_create("goracs-device", 0);
    if (file < 0 || ftruncate(file, kBytes) != 0) throw std::runtime_error("no memory for the fake device");
    const auto view = [&](int access) {
      void* const pages = mmap(nullptr, kBytes, access, MAP_SHARED | MAP_NORESERVE, file, 0);
      if (pages == MAP_FAILED) throw std::runtime_error("no addresses for the fake device");
      return static_cast<char*>(pages);
    };
    device_ = view(PROT_NONE);
    host_ = view(PROT_READ | PROT_WRITE);
    close(file);
  }

  char* allocate(std::size_t bytes) {
    const std::size_t piece = piece_of(bytes);
    std::vector<char*>& same = free_[piece];
    if (same.empty()) {
      if (piece > kBytes - end_) return nullptr;
      same.push_back(device_ + end_);
      end_ += piece;
    }
    char* const begin = same.back();
    same.pop_back();
    pieces_[begin] = bytes;
    std::memset(host_view(begin), kFirstBytes, bytes);
    return begin;
  }
  std::size_t free(char* begin) {
    const auto found = pieces_.find(begin);
    if (found == pieces_.end()) throw std::runtime_error("no allocation of the fake device is given back");
    const std::size_t bytes = found->second;
    free_[piece_of(bytes)].push_back(begin);
    pieces_.erase(found);
    return bytes;
  }

  char* host_view(const char* device) const { return host_ + (device - device_); }
  const std::map<char*, std::size_t>& pieces() const { return pieces_; }
  void protect(int access) const { mprotect(device_, kBytes, access); }

 private:
  static constexpr std::size_t kBytes = std::size_t{1} << 32, kSmallest = 64;
  static std::size_t piece_of(std::size_t bytes) { return std::max(kSmallest, std::bit_ceil(bytes)); }

  char *device_ = nullptr, *host_ = nullptr;
  std::size_t end_ = 0;
  std::map<char*, std::size_t> pieces_;
  std::map<std::size_t, std::vector<char*>> free_;
};

/// Made when it is first asked for: most tests have none.
SharedMemory* shared = nullptr;

void protect_all(int access) {
  for (const auto& [begin, allocation] : allocations()) mprotect(allocation.pages, allocation.page_bytes, access);
  if (shared != nullptr) shared->protect(access);
}

std::size_t size_of(const Allocation& allocation) { return allocation.bytes; }
std::size_t size_of(std::size_t bytes) { return bytes; }

/// Do the bytes lie within one of these?
template <class Pieces>
bool is_within(const Pieces& pieces, char* first, std::size_t bytes) {
  auto after = pieces.upper_bound(first);
  if (after == pieces.begin()) return false;
  const auto& [begin, piece] = *--after;
  const auto offset = static_cast<std::size_t>(first - begin);
  return offset <= size_of(piece) && bytes <= size_of(piece) - offset;
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

void* allocate_shared(std::size_t bytes) {
  if (bytes > capacity - used) return nullptr;
  if (shared == nullptr) {
    shared = new SharedMemory;  // for the life of the process
    if (working > 0) shared->protect(PROT_READ | PROT_WRITE);
  }
  void* const begin = shared->allocate(bytes);
  if (begin != nullptr) used += bytes;
  return begin;
}

void free_shared(void* begin) { used -= shared->free(static_cast<char*>(begin)); }

void* host_view(const void* device) { return shared->host_view(static_cast<const char*>(device)); }

bool is_device(const void* begin, std::size_t bytes) {
  auto* const first = static_cast<char*>(const_cast<void*>(begin));
  return is_within(allocations(), first, bytes) || (shared != nullptr && is_within(shared->pieces(), first, bytes));
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
