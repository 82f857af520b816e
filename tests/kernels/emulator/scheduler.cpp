#include "kernels/emulator/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "kernels/emulator/shared_memory.hpp"
#include "kernels/emulator/worker.hpp"

namespace goracs::emulator {
namespace {

Schedule schedule;

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
const Schedule& followed() noexcept { return schedule; }

#if defined(GORACS_EMULATOR_THREAD_PER_BLOCK)

// TSan sees a race between two blocks only if nothing that it knows of orders them: each gets an OS thread of its own, they take turns by
// an atomic that TSan does not see, and all workers live until the last has ended, since TSan takes a reused fiber for the thread that had
// it before.
std::size_t most_threads() noexcept { return 7600; }  // TSan's 8128 less the OS threads and some room

void run_grid(dim3 grid, dim3 block, std::size_t dynamic_bytes, const std::function<void()>& thread) {
  static std::uint64_t launches = 0;
  const std::uint64_t seed = schedule.seed * 1'000'003 + launches++;
  const std::vector<std::uint64_t> order = block_order(std::uint64_t{grid.x} * grid.y * grid.z, seed);
  if (order.size() * (block.x * block.y * block.z + 1) > most_threads()) {
    throw Violation(fmt::format("{} blocks of {} threads are more than TSan can follow", order.size(), block.x * block.y * block.z));
  }
  std::atomic<int> turn{0};
  std::vector<std::unique_ptr<Worker>> workers(order.size());
  std::vector<std::unique_ptr<SharedMemory>> memories(order.size());
  std::string violation;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < order.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int now = 0; (now = turn.load(std::memory_order_acquire)) != static_cast<int>(i);) turn.wait(now, std::memory_order_acquire);
      workers[i] = std::make_unique<Worker>();
      memories[i] = std::make_unique<SharedMemory>(dynamic_bytes);
      if (violation.empty()) violation = workers[i]->run_block(block_index(order[i], grid), grid, block, *memories[i], thread, seed + i);
      turn.store(static_cast<int>(i) + 1, std::memory_order_release);
      turn.notify_all();
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

}  // namespace goracs::emulator
