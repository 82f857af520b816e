#pragma once

#include <algorithm>
#include <barrier>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "comm/communicator.hpp"

namespace goracs::test {

/// What the ranks of one test share: every rank is a thread of this process.
struct ThreadWorld {
  explicit ThreadWorld(int ranks) : meeting(ranks), slots(static_cast<std::size_t>(ranks)) {}
  std::barrier<> meeting;
  std::vector<std::vector<std::byte>> slots;
  std::mutex mutex;
  std::condition_variable arrived;
  std::map<std::pair<int, int>, std::deque<std::vector<std::byte>>> mail;
};

/// The communicator's contract over threads, so that a test compares rank counts without MPI.
class ThreadCommunicator : public Communicator {
 public:
  ThreadCommunicator(ThreadWorld& world, int rank) : world_(world), rank_(rank) {}
  int rank() const noexcept override { return rank_; }
  int size() const noexcept override { return static_cast<int>(world_.slots.size()); }
  int local_rank() const noexcept override { return rank_; }
  int local_size() const noexcept override { return size(); }
  std::int64_t bytes_sent() const noexcept override { return bytes_sent_; }
  void barrier(std::string_view) override { world_.meeting.arrive_and_wait(); }
  void all_reduce(std::span<double> values, ReduceOp op) override { reduce(values, op); }
  void all_reduce(std::span<float> values, ReduceOp op) override { reduce(values, op); }
  void all_reduce(std::span<std::int64_t> values, ReduceOp op) override { reduce(values, op); }

 protected:
  void broadcast_bytes(std::span<std::byte> values, int root) override {
    const auto all = gather_bytes(rank_ == root ? values : std::span<std::byte>(), kEveryRank);
    std::copy(all.begin(), all.end(), values.begin());
  }
  void send_bytes(std::span<const std::byte> values, int to) override {
    const std::lock_guard lock(world_.mutex);
    bytes_sent_ += static_cast<std::int64_t>(values.size());
    world_.mail[{rank_, to}].emplace_back(values.begin(), values.end());
    world_.arrived.notify_all();
  }
  void receive_bytes(std::span<std::byte> values, int from) override {
    std::unique_lock lock(world_.mutex);
    auto& box = world_.mail[{from, rank_}];
    world_.arrived.wait(lock, [&] { return !box.empty(); });
    if (box.front().size() != values.size()) std::abort();  // the lengths must agree
    std::copy(box.front().begin(), box.front().end(), values.begin());
    box.pop_front();
  }
  std::vector<std::byte> gather_bytes(std::span<const std::byte> local, int root) override {
    world_.slots[static_cast<std::size_t>(rank_)].assign(local.begin(), local.end());
    world_.meeting.arrive_and_wait();
    std::vector<std::byte> all;
    if (root == kEveryRank || root == rank_)
      for (const auto& slot : world_.slots) all.insert(all.end(), slot.begin(), slot.end());
    world_.meeting.arrive_and_wait();
    return all;
  }

 private:
  template <class T>
  void reduce(std::span<T> values, ReduceOp op) {
    const std::vector<T> all = all_gather(std::span<const T>(values));
    for (std::size_t k = 0; k < values.size(); ++k) {
      values[k] = all[k];
      for (std::size_t other = k + values.size(); other < all.size(); other += values.size()) {
        if (op == ReduceOp::kSum)
          values[k] += all[other];
        else
          values[k] = op == ReduceOp::kMin ? std::min(values[k], all[other]) : std::max(values[k], all[other]);
      }
    }
  }

  ThreadWorld& world_;
  int rank_;
  std::int64_t bytes_sent_ = 0;
};

/// Runs `work` on every rank. An exception ends the process: the other ranks would wait forever.
inline void on_ranks(int ranks, const std::function<void(Communicator&)>& work) {
  ThreadWorld world(ranks);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      try {
        ThreadCommunicator communicator(world, rank);
        work(communicator);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "rank %d: %s\n", rank, error.what());
        std::abort();
      }
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace goracs::test
