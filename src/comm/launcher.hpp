#pragma once

#include <optional>
#include <string>

namespace goracs {

/// What the environment says about who started this process; known without starting MPI.
struct Launcher {
  const char* name = "";  ///< "mpirun", "PMI", "srun"
  int rank = 0, size = 1;
};

/// The launcher that started this process as one rank of a job (Open MPI's mpirun, a PMI or PMIx launcher, a Slurm step); none: it stands
/// alone, and MPI is never started. A batch script of Slurm is no rank: only steps are.
std::optional<Launcher> launcher();

/// MPI's name and version in one line; known without starting MPI.
std::string mpi_library_version();

}  // namespace goracs
