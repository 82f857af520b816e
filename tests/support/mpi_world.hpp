#pragma once

#include "comm/communicator.hpp"

namespace goracs::test {

/// The ranks of mpirun; every test with RANKS starts and ends with all of them at the same place. A peer that does not come to an exchange is
/// an error after kPeerSeconds, so that one rank's failed assertion does not keep the others waiting.
Communicator& world();

inline constexpr double kPeerSeconds = 20;

}  // namespace goracs::test
