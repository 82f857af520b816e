#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include "comm/communicator.hpp"
#include "support/mpi_world.hpp"

namespace goracs::test {

/// An exchange of all ranks is over while they look at it now and then, before anybody waits for it.
inline void expect_end_beside_work(Communicator& world) {
  const auto ranks = static_cast<std::size_t>(world.size());
  const std::vector<std::byte> part(100, std::byte{7});
  const auto exchange = world.begin_exchange("beside work", std::vector(ranks, part), std::vector<std::size_t>(ranks, part.size()));
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(kPeerSeconds);
  bool done = false;
  while (!(done = exchange->advance()) && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(done);
  EXPECT_EQ(exchange->finish(), std::vector(ranks, part));
}

}  // namespace goracs::test
