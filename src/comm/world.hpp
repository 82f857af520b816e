#pragma once

#include <memory>

#include "base/error.hpp"
#include "comm/communicator.hpp"

namespace goracs {

/// All ranks of this job: MPI's where a launcher started this process, else this process alone (MPI is not even initialised, so that it
/// runs where there is no mpirun). One per process.
class World {
 public:
  /// Errors: kPeer when MPI sees another number of ranks than the launcher has started.
  static World join(int& argc, char**& argv);
  /// This process alone, whoever started it: for what needs no other ranks.
  static World alone() { return World(false); }
  World(World&&) noexcept = default;
  World& operator=(World&&) = delete;
  ~World();

  /// Over NCCL once GPUs are used.
  Communicator& communicator() noexcept { return with_gpus_ ? *with_gpus_ : *communicator_; }
  /// Longest wait for a peer from now on.
  void deadline(double seconds);

  /// From now on each rank works on a GPU of its own, and ranks exchange over NCCL where there are several. Collective.
  /// Errors: those of take_own_gpu (rank_gpu.hpp); kPeer.
  void use_gpus(double deadline_seconds);

  /// Ends this process together with all others, after a last barrier, with the exit code that every rank came to. A clean stop: ranks
  /// above 0 exit with 0 and rank 0 last with 75, since launchers kill ranks that are still busy when one exits non-zero.
  int leave(ExitCode code);
  /// Ends all ranks at once with this exit code; does not return when there are others.
  int abandon(ExitCode code);

 private:
  explicit World(bool with_mpi);
  void finish();

  bool with_mpi_ = false;
  std::unique_ptr<Communicator> communicator_;  ///< of the hosts
  std::unique_ptr<Communicator> with_gpus_;     ///< over it
};

}  // namespace goracs
