#pragma once

#include <functional>

/// NCCL over MPI on the fake device: what a call does to buffers and when it is done, not how. As of the real one, work is done once every rank
/// concerned has come to it, and nothing waits for that but who looks at the stream. Calls can be made to fail as those of other fakes
/// (kernels/fakes/fake_calls.hpp).
namespace goracs::fakes {

/// The work of the next call that puts work on a stream is never done: as when a peer has died.
void stall_next_nccl_work();
/// What happens to this rank as the work of its next such call begins.
void in_next_nccl_work(std::function<void()> happens);

}  // namespace goracs::fakes
