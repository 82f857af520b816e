#include "kernels/emulator/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "kernels/emulator/sanitizers.hpp"

// NOLINTBEGIN(readability-identifier-naming): CUDA's names
constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim{};
constinit thread_local dim3 gridDim{};
// NOLINTEND(readability-identifier-naming)

namespace goracs::emulator {
namespace {

constexpr std::uint64_t kNoValue = 0x7fc0dead7fc0deadULL;  // NaN as float and as double

thread_local Worker* worker = nullptr;  // of this OS thread, while it runs a block

/// Unwinds a CUDA thread once its grid has failed.
struct Abandon {};

std::string name(const Thread& thread) {
  return fmt::format("block ({}, {}, {}) thread ({}, {}, {})", blockIdx.x, blockIdx.y, blockIdx.z, thread.index.x, thread.index.y,
                     thread.index.z);
}

bool same(Site a, Site b) { return a == b || std::strcmp(a, b) == 0; }

}  // namespace

Thread::Thread() : fiber(&Worker::serve, this) {}

/// A fiber serves one CUDA thread after another.
void Worker::serve(void* argument) {
  auto& thread = *static_cast<Thread*>(argument);
  for (;;) {
    tsan_acquire(&worker->launch_clock_);
    try {
      (*worker->body_)();
    } catch (const Abandon&) {
    }
    tsan_release(&worker->end_clock_);
    thread.state = State::kDone;
    ++worker->done_;
    thread.fiber.suspend();
  }
}

void Worker::fail(std::string what) {
  if (violation_.empty()) violation_ = std::move(what);
}

void Worker::make_ready(std::span<const int> threads) {
  for (const int number : threads) at(number).state = State::kReady;
  // The first to run is the last pushed. One by one: TSan would see a memmove, and this may run on any CUDA thread.
  const std::size_t count = threads.size();
  for (std::size_t i = 0; i < count; ++i) ready_.push_back(threads[followed().order == Order::kDescending ? i : count - 1 - i]);
}

int Worker::next_ready() {
  if (followed().order == Order::kRandom) std::swap(ready_.back(), ready_[random_() % ready_.size()]);
  const int number = ready_.back();
  ready_.pop_back();
  return number;
}

void Worker::resume(Thread& thread) {
  running = &thread;
  threadIdx = thread.index;
  thread.fiber.resume();
  running = nullptr;
}

void Worker::wait(Thread& thread) {
  thread.fiber.suspend();
  if (unwinding_) throw Abandon{};
}

void Worker::start(uint3 index, dim3 grid, dim3 block, SharedMemory& shared_memory, const std::function<void()>& thread,
                   std::uint64_t seed) {
  blockIdx = index;
  blockDim = block;
  gridDim = grid;
  shared = &shared_memory;
  body_ = &thread;
  random_.seed(seed);
  violation_.clear();
  count_ = static_cast<int>(block.x * block.y * block.z);
  at_barrier_ = done_ = 0;
  unwinding_ = false;
  ready_.clear();
  ready_.reserve(2 * static_cast<std::size_t>(count_));  // never grows while CUDA threads run
  warps_.assign(static_cast<std::size_t>((count_ + kWarpLanes - 1) / kWarpLanes), Warp{});
  while (std::cmp_less(threads_.size(), count_)) threads_.push_back(std::make_unique<Thread>());
  std::vector<int> all(static_cast<std::size_t>(count_));
  for (int number = 0; number < count_; ++number) {
    const auto n = static_cast<unsigned>(number);
    all[n] = number;
    Thread& t = at(number);
    t.number = number;
    t.index = {n % block.x, n / block.x % block.y, n / (block.x * block.y)};
    t.fenced = false;
  }
  make_ready(all);
}

std::string Worker::run_block(uint3 index, dim3 grid, dim3 block, SharedMemory& shared_memory, const std::function<void()>& thread,
                              std::uint64_t seed) {
  worker = this;
  start(index, grid, block, shared_memory, thread, seed);
  shared_memory.spoil();
  tsan_release(&launch_clock_);
  while (violation_.empty() && done_ < count_) {
    if (!ready_.empty()) {
      resume(at(next_ready()));
    } else if (at_barrier_ > 0 && at_barrier_ + done_ == count_) {
      open_barrier();
    } else {
      fail(deadlock());
    }
  }
  if (!violation_.empty()) {
    unwinding_ = true;
    for (int number = 0; number < count_; ++number) {
      if (at(number).state != State::kDone && at(number).fiber.started()) resume(at(number));
      at(number).state = State::kDone;
    }
  }
  tsan_acquire(&end_clock_);
  worker = nullptr;
  return violation_;
}

/// All lanes of the mask are here: the last one works the result out for each, so no buffer can be overwritten too early.
void Worker::resolve_warp(Thread& last) {
  Warp& warp = warps_[static_cast<std::size_t>(last.warp())];
  const int first = last.warp() * kWarpLanes;
  std::uint64_t ballot = 0;
  std::array<int, kWarpLanes> lanes;
  std::size_t lanes_count = 0;
  for (int lane = 0; lane < kWarpLanes; ++lane) {
    if ((last.mask >> lane & 1U) == 0) continue;
    const Thread& thread = at(first + lane);
    lanes[lanes_count++] = first + lane;
    if (thread.operation != last.operation || thread.mask != last.mask) {
      fail(fmt::format("warp collectives that do not match: {} at {} with mask {:08x}, {} at {} with mask {:08x}", name(thread),
                       thread.site, thread.mask, name(last), last.site, last.mask));
      return;
    }
    if (thread.value != 0) ballot |= std::uint64_t{1} << lane;
  }
  for (const int number : std::span(lanes.data(), lanes_count)) {
    Thread& thread = at(number);
    if (thread.operation != WarpOperation::kShuffle) {
      thread.result = ballot;
    } else if ((last.mask >> thread.source & 1U) != 0) {
      thread.result = at(first + thread.source).value;
    } else {
      thread.result = kNoValue;
      fail(fmt::format("shuffle from lane {}, which is outside the mask {:08x}: {} at {}", thread.source, last.mask, name(thread),
                       thread.site));
    }
  }
  warp.arrived &= ~last.mask;
  warp.turn ^= 1;
  make_ready({lanes.data(), lanes_count});
}

std::uint64_t Worker::meet_in_warp(WarpOperation operation, unsigned mask, std::uint64_t value, int source, Site site) {
  Thread& self = *running;
  Warp& warp = warps_[static_cast<std::size_t>(self.warp())];
  char* const clock = &warp.clocks[warp.turn];
  self.operation = operation;
  self.mask = mask;
  self.value = value;
  self.source = source;
  self.site = site;
  self.state = State::kInWarp;
  const int existing = std::min(count_ - self.warp() * kWarpLanes, kWarpLanes);
  const unsigned lanes = existing == kWarpLanes ? ~0U : (1U << existing) - 1;
  if ((mask >> self.lane() & 1U) == 0) fail(fmt::format("caller outside its own mask {:08x}: {} at {}", mask, name(self), site));
  if ((mask & ~lanes) != 0) fail(fmt::format("mask {:08x} names lanes that do not exist: {} at {}", mask, name(self), site));
  warp.arrived |= 1U << self.lane();
  if (operation == WarpOperation::kBarrier) tsan_release(clock);  // shuffles and votes order no memory
  if (violation_.empty() && (warp.arrived & mask) == mask) resolve_warp(self);
  wait(self);
  if (operation == WarpOperation::kBarrier) tsan_acquire(clock);
  return self.result;
}

int Worker::meet_in_block(bool predicate, Site site) {
  Thread& self = *running;
  char* const clock = &barrier_clocks_[barrier_turn_];
  self.predicate = predicate;
  self.site = site;
  self.state = State::kAtBlockBarrier;
  ++at_barrier_;
  tsan_release(clock);
  wait(self);
  tsan_acquire(clock);
  return predicates_;
}

/// Every thread that has not ended waits at a block barrier: it opens, if it is one.
void Worker::open_barrier() {
  const Thread* first = nullptr;
  std::vector<int> waiting;
  predicates_ = 0;
  for (int number = 0; number < count_; ++number) {
    const Thread& thread = at(number);
    if (thread.state != State::kAtBlockBarrier) continue;
    waiting.push_back(number);
    predicates_ += thread.predicate ? 1 : 0;
    if (first == nullptr) first = &thread;
    if (!same(thread.site, first->site)) {
      fail(fmt::format("different barriers: {} at {}, {} at {}", name(*first), first->site, name(thread), thread.site));
      return;
    }
  }
  if (done_ > 0) {
    fail(fmt::format("__syncthreads reached by {} threads after {} have exited: {} at {}", at_barrier_, done_, name(*first), first->site));
    return;
  }
  at_barrier_ = 0;
  barrier_turn_ ^= 1;
  make_ready(waiting);
}

std::string Worker::deadlock() const {
  constexpr int kShown = 4;
  std::string text = "deadlock:";
  int shown = 0;
  const Thread* before = nullptr;
  for (int number = 0; number < count_ && shown < kShown; ++number) {
    const Thread& thread = at(number);
    if (thread.state == State::kDone) continue;
    if (before != nullptr && before->state == thread.state && same(before->site, thread.site)) continue;
    before = &thread;
    ++shown;
    text += thread.state == State::kAtBlockBarrier
                ? fmt::format(" {} waits in __syncthreads at {};", name(thread), thread.site)
                : fmt::format(" {} waits in a warp collective with mask {:08x} at {};", name(thread), thread.mask, thread.site);
  }
  return fmt::format("{} {} threads have exited", text, done_);
}

void Worker::may_switch() {
  if (followed().preemption <= 0 || followed().order != Order::kRandom) return;
  if (std::uniform_real_distribution<>()(random_) >= followed().preemption) return;
  ready_.push_back(running->number);
  wait(*running);
}

std::uint64_t meet_in_warp(WarpOperation operation, unsigned mask, std::uint64_t value, int source, Site site) {
  return worker->meet_in_warp(operation, mask, value, source, site);
}
int meet_in_block(bool predicate, Site site) { return worker->meet_in_block(predicate, site); }
int lane() noexcept { return worker->running->lane(); }
void may_switch() { worker->may_switch(); }
void fence() noexcept { worker->running->fenced = true; }
bool fenced() noexcept { return worker->running->fenced; }
void* dynamic_shared_memory() noexcept { return worker->shared->dynamic(); }

}  // namespace goracs::emulator
