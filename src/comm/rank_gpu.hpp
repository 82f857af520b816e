#pragma once

#include <optional>
#include <string>

#include "comm/communicator.hpp"

namespace goracs {

/// Why not every rank can have a GPU of its own, in one clause; none: they can. The same on every rank; no work is started on a GPU. Collective.
///   4 ranks on a host of 2 GPUs: local ranks 0 and 2 would both take GPU 0   ->   "ranks 0 and 2 share GPU 0000:17:00.0 of node1"
std::optional<std::string> why_not_a_gpu_each(Communicator& ranks);

/// Takes the GPU of this rank's number on its host, counted round; everything on the device happens there from now on. Collective.
/// Errors: kUsage when a rank sees no GPU, or two ranks share one.
void take_own_gpu(Communicator& ranks);

}  // namespace goracs
