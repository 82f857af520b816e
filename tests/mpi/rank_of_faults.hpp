#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "comm/world.hpp"

namespace goracs::test {

/// main() of one rank of mpirun for peer_faults.py, `PROGRAM DEADLINE_SECONDS HOW`: all ranks meet, do `work`, and say what error ended it.
inline int rank_of_faults(int argc, char** argv,
                          const std::function<void(Communicator& host, const std::string& how, double deadline)>& work) {
  if (argc != 3) return 2;
  const double deadline = std::atof(argv[1]);
  auto world = World::join(argc, argv);
  world.deadline(deadline);
  Communicator& host = world.communicator();
  try {
    host.barrier("the start");
    work(host, argv[2], deadline);
    return world.leave(ExitCode::kDone);
  } catch (const Error& error) {
    std::fprintf(stderr, "rank %d: %s\n", host.rank(), error.what());
    return world.abandon(error.code());
  }
}

}  // namespace goracs::test
