#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "comm/communicator.hpp"

namespace goracs {

/// Threads that each rank computes with, and what is odd about them.
struct RankThreads {
  int threads = 1;
  int cpus = 1;         ///< in this rank's affinity mask
  int sharing = 1;      ///< ranks of this host with the same mask, this one included
  std::string warning;  ///< the same on every rank; empty: none
};

/// `asked`, or without it the CPUs of this rank's affinity mask shared out among the ranks of its host that have the same mask.
///   host of 8 CPUs, 2 ranks, --bind-to none: both masks are 0-7   ->   4 threads each
///   host of 8 CPUs, 2 ranks, bound to 0-3 and 4-7                 ->   4 threads each
/// Collective.
RankThreads rank_threads(const std::optional<std::int64_t>& asked, Communicator& world);

}  // namespace goracs
