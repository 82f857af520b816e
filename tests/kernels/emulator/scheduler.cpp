#include "kernels/emulator/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "kernels/emulator/fiber.hpp"
#include "kernels/emulator/sanitizers.hpp"
#include "kernels/emulator/shared_memory.hpp"

// NOLINTBEGIN(readability-identifier-naming): CUDA's names
constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim{};
constinit thread_local dim3 gridDim{};
// NOLINTEND(readability-identifier-naming)

namespace goracs::emulator {
namespace {

constexpr int kWarpLanes = 32;
constexpr std::uint64_t kNoValue = 0x7fc0dead7fc0deadULL;  // NaN as float and as double

Schedule schedule;

/// Unwinds a CUDA thread once its grid has failed.
struct Abandon {};

enum class State : std::uint8_t { kReady, kAtBlockBarrier, kInWarp, kDone };

class Worker;

struct Thread {
  explicit Thread(Worker& worker);
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

thread_local Worker* worker = nullptr;

Thread::Thread(Worker&) : fiber(&Worker::serve, this) {}

std::string name(const Thread& thread) {
  return fmt::format("block ({}, {}, {}) thread ({}, {}, {})", blockIdx.x, blockIdx.y, blockIdx.z, thread.index.x, thread.index.y,
                     thread.index.z);
}

bool same(Site a, Site b) { return a == b || std::strcmp(a, b) == 0; }

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
  for (std::size_t i = 0; i < count; ++i) ready_.push_back(threads[schedule.order == Order::kDescending ? i : count - 1 - i]);
}

int Worker::next_ready() {
  if (schedule.order == Order::kRandom) std::swap(ready_.back(), ready_[random_() % ready_.size()]);
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
  while (std::cmp_less(threads_.size(), count_)) threads_.push_back(std::make_unique<Thread>(*this));
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
  if (schedule.preemption <= 0 || schedule.order != Order::kRandom) return;
  if (std::uniform_real_distribution<>()(random_) >= schedule.preemption) return;
  ready_.push_back(running->number);
  wait(*running);
}

/// The order in which the blocks of a grid run.
std::vector<std::uint64_t> block_order(std::uint64_t blocks, std::uint64_t seed) {
  std::vector<std::uint64_t> order(blocks);
  for (std::uint64_t i = 0; i < blocks; ++i) order[i] = schedule.order == Order::kDescending ? blocks - 1 - i : i;
  if (schedule.order == Order::kRandom) std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
  return order;
}

uint3 block_index(std::uint64_t number, dim3 grid) {
  return {static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number / grid.x % grid.y),
          static_cast<unsigned>(number / (std::uint64_t{grid.x} * grid.y))};
}

}  // namespace

void follow(const Schedule& next) { schedule = next; }

#if defined(GORACS_EMULATOR_THREAD_PER_BLOCK)

// TSan sees a race between two blocks only if nothing orders them: each gets an OS thread of its own, all threads are made before any
// block runs, and all workers live until the last has ended, since TSan takes a reused fiber for the thread that had it before.
std::size_t most_threads() noexcept { return 7600; }  // TSan's 8128 less the OS threads and some room

void run_grid(dim3 grid, dim3 block, std::size_t dynamic_bytes, const std::function<void()>& thread) {
  static std::uint64_t launches = 0;
  const std::uint64_t seed = schedule.seed * 1'000'003 + launches++;
  const std::vector<std::uint64_t> order = block_order(std::uint64_t{grid.x} * grid.y * grid.z, seed);
  if (order.size() * (block.x * block.y * block.z + 1) > most_threads()) {
    throw Violation(fmt::format("{} blocks of {} threads are more than TSan can follow", order.size(), block.x * block.y * block.z));
  }
  std::atomic<std::size_t> turn{0};
  std::vector<std::unique_ptr<Worker>> workers(order.size());
  std::vector<std::unique_ptr<SharedMemory>> memories(order.size());
  std::string violation;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < order.size(); ++i) {
    threads.emplace_back([&, i] {
      while (turn.load(std::memory_order_acquire) != i) std::this_thread::yield();
      workers[i] = std::make_unique<Worker>();
      memories[i] = std::make_unique<SharedMemory>(dynamic_bytes);
      if (violation.empty()) violation = workers[i]->run_block(block_index(order[i], grid), grid, block, *memories[i], thread, seed + i);
      turn.store(i + 1, std::memory_order_release);
    });
  }
  for (std::thread& t : threads) t.join();
  if (!violation.empty()) throw Violation(violation);
}

#else

std::size_t most_threads() noexcept { return 0; }

void run_grid(dim3 grid, dim3 block, std::size_t dynamic_bytes, const std::function<void()>& thread) {
  static Worker only;
  static std::uint64_t launches = 0;
  const std::uint64_t seed = schedule.seed * 1'000'003 + launches++;
  SharedMemory shared(dynamic_bytes);
  for (const std::uint64_t number : block_order(std::uint64_t{grid.x} * grid.y * grid.z, seed)) {
    const std::string violation = only.run_block(block_index(number, grid), grid, block, shared, thread, seed + number);
    if (!violation.empty()) throw Violation(violation);
  }
}

#endif

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
