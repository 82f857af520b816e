#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/emulator/fiber.hpp"
#include "kernels/emulator/scheduler.hpp"
#include "kernels/emulator/shared_memory.hpp"

namespace goracs::emulator {

inline constexpr int kWarpLanes = 32;

/// The schedule that the launches of now follow.
const Schedule& followed() noexcept;

enum class State : std::uint8_t { kReady, kAtBlockBarrier, kInWarp, kDone };

/// One CUDA thread.
struct Thread {
  Thread();
  Fiber fiber;
  State state = State::kDone;
  uint3 index{};
  int number = 0;
  bool fenced = false;
  // what it waits for
  WarpOperation operation{};
  unsigned mask = 0;
  std::uint64_t value = 0;
  int source = 0;
  bool predicate = false;
  Site site = "";
  std::uint64_t result = 0;

  int lane() const { return number % kWarpLanes; }
  int warp() const { return number / kWarpLanes; }
};

struct Warp {
  unsigned arrived = 0;
  int turn = 0;         // of its barriers: TSan's clocks of one must not mix with the next one's
  char clocks[2] = {};  // addresses that TSan keeps clocks for
};

/// Runs one block at a time on its OS thread; keeps fibers and stacks between launches.
class Worker {
 public:
  Worker() = default;
  /// Returns the violation, empty if there is none.
  std::string run_block(uint3 index, dim3 grid, dim3 block, SharedMemory& shared, const std::function<void()>& thread, std::uint64_t seed);

  std::uint64_t meet_in_warp(WarpOperation operation, unsigned mask, std::uint64_t value, int source, Site site);
  int meet_in_block(bool predicate, Site site);
  void may_switch();

  Thread* running = nullptr;
  SharedMemory* shared = nullptr;

  static void serve(void* thread);

 private:
  void start(uint3 index, dim3 grid, dim3 block, SharedMemory& shared_memory, const std::function<void()>& thread, std::uint64_t seed);
  void make_ready(std::span<const int> threads);
  int next_ready();
  void resume(Thread& thread);
  void wait(Thread& thread);
  void resolve_warp(Thread& last);
  void open_barrier();
  void fail(std::string what);
  std::string deadlock() const;
  Thread& at(int number) { return *threads_[static_cast<std::size_t>(number)]; }
  const Thread& at(int number) const { return *threads_[static_cast<std::size_t>(number)]; }

  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Warp> warps_;
  std::vector<int> ready_;  // a stack: whoever became ready last goes first, so that a warp gets far ahead of the others
  const std::function<void()>* body_ = nullptr;
  std::mt19937_64 random_;
  std::string violation_;
  int count_ = 0, at_barrier_ = 0, done_ = 0, predicates_ = 0, barrier_turn_ = 0;
  char barrier_clocks_[2] = {}, launch_clock_ = 0, end_clock_ = 0;
  bool unwinding_ = false;
};

}  // namespace goracs::emulator
