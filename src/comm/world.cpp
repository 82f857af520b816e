#include "comm/world.hpp"

#include <mpi.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "comm/launcher.hpp"
#include "comm/mpi_communicator.hpp"
#include "comm/nccl_communicator.hpp"
#include "comm/rank_gpu.hpp"
#include "comm/self_communicator.hpp"

namespace goracs {
namespace {

/// What rank 0 leaves the others for ending their processes after MPI_Finalize before it exits with a code that is not 0.
constexpr std::chrono::milliseconds kOthersEnd{300};
/// MPI_Abort talks to the launcher; when nothing comes of that for so long, the process ends by itself.
constexpr unsigned kAbortSeconds = 10;

volatile std::sig_atomic_t abort_code = 0;
void end_now(int) { _exit(abort_code); }

}  // namespace

World World::join(int& argc, char**& argv) {
  const std::optional<Launcher> started_by = launcher();
  if (!started_by) return World(false);
  GORACS_MPI_TRY(MPI_Init(&argc, &argv));
  World world(true);
  GORACS_CHECK_PEER(world.communicator().size() == started_by->size,
                    "{} has started {} ranks, but MPI sees {}: build with the MPI of the launcher, or use srun --mpi=pmix",
                    started_by->name, started_by->size, world.communicator().size());
  return world;
}

World::World(bool with_mpi) : with_mpi_(with_mpi) {
  if (with_mpi)
    communicator_ = std::make_unique<MpiCommunicator>(MPI_COMM_WORLD);
  else
    communicator_ = std::make_unique<SelfCommunicator>();
}

World::~World() { finish(); }

void World::finish() {
  with_gpus_.reset();
  if (!communicator_) return;
  communicator_.reset();
  if (with_mpi_) MPI_Finalize();
}

void World::deadline(double seconds) {
  if (auto* mpi = dynamic_cast<MpiCommunicator*>(communicator_.get())) mpi->deadline(seconds);
}

void World::use_gpus(double deadline_seconds) {
  if (communicator_->size() == 1)
    take_own_gpu(*communicator_);
  else
    with_gpus_ = nccl_communicator(*communicator_, deadline_seconds);
}

int World::leave(ExitCode code) {
  with_gpus_.reset();  // while all are there
  const bool is_last = communicator_->is_root() && communicator_->size() > 1 && code == ExitCode::kStopped;
  const bool is_quiet = !communicator_->is_root() && code == ExitCode::kStopped;
  communicator_->barrier("end of the program");
  finish();
  if (is_last) std::this_thread::sleep_for(kOthersEnd);
  if (is_quiet) {
    std::fflush(nullptr);
    _exit(0);
  }
  return static_cast<int>(code);
}

int World::abandon(ExitCode code) {
  if (communicator_->size() == 1) return leave(code);
  std::fflush(nullptr);
  abort_code = static_cast<int>(code);
  std::signal(SIGALRM, end_now);
  alarm(kAbortSeconds);
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  _exit(static_cast<int>(code));
}

}  // namespace goracs
