#pragma once

/// NCCL over MPI on the fake device: what a call does to buffers and when it is done, not how. Calls can be made to fail as those of other fakes
/// (kernels/fakes/fake_calls.hpp).
namespace goracs::fakes {

/// The work of the next call that puts work on a stream is never done: as when a peer has died.
void stall_next_nccl_work();

}  // namespace goracs::fakes
