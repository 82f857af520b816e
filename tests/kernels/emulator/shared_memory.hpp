#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace goracs::emulator {

/// The shared memory of one block: the dynamic part, of exactly the requested size, so that ASan sees its end, and (of the whole
/// program) the static arrays, which the build gathers in one section.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t dynamic_bytes);

  void* dynamic() const noexcept { return dynamic_.get(); }
  /// Shared memory starts undefined: NaN bits, as floats and as doubles.
  void spoil() const noexcept;

 private:
  struct Free {
    void operator()(void* p) const noexcept { std::free(p); }
  };
  std::unique_ptr<void, Free> dynamic_;
  std::size_t bytes_;
};

}  // namespace goracs::emulator
