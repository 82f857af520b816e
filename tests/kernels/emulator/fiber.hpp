#pragma once

#include <cstddef>

namespace goracs::emulator {

/// A function with a stack of its own that stops in the middle and goes on there later. ASan and TSan are told of every switch, so that
/// they know which stack is in use, and TSan takes each fiber for a thread.
///
/// Ruled out: ucontext (a system call a switch, 60 times as dear), std::thread (three orders of magnitude).
class Fiber {
 public:
  /// `entry` runs at the first resume and never returns: it suspends in a loop. A fiber stays on the OS thread that first resumed it.
  Fiber(void (*entry)(void*), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs the fiber until it suspends.
  void resume();
  /// Called on the fiber itself: goes back to where it was resumed.
  void suspend();
  bool started() const noexcept { return started_; }

 private:
  struct Switch;
  void (*entry_)(void*);
  void* argument_;
  char* stack_ = nullptr;      ///< lowest usable byte; the page below it is a guard
  void* context_ = nullptr;    ///< where the fiber stopped
  void* host_ = nullptr;       ///< where it was resumed from
  void* tsan_ = nullptr;       ///< TSan's name for it
  void* host_tsan_ = nullptr;  ///< TSan's name for the one that resumed it
  const void* host_stack_ = nullptr;
  std::size_t host_stack_bytes_ = 0;
  bool started_ = false;
};

}  // namespace goracs::emulator
