# shellcheck shell=bash disable=SC2034
# What differs between clusters, and nothing else. Sourced by lib.sh on the login node and inside every job.

# Options added whenever a script of this folder calls sbatch (a bare `sbatch FILE` reads the file's #SBATCH head and SBATCH_* instead).
GORACS_SBATCH_OPTIONS=() # (--account=abc --partition=gpu --gpus-per-node=4)

# Modules, containers, variables: everything the program needs on a node.
goracs_site_environment() {
  : # module load openmpi hdf5-parallel
}

# The program; a path on a file system that all nodes see.
GORACS_PROGRAM="${GORACS_PROGRAM:-$GORACS_ROOT/build/goracs}"

# srun, mpirun, or auto: srun where `srun --mpi=list` knows pmix, else mpirun.
GORACS_LAUNCHER="${GORACS_LAUNCHER:-auto}"
GORACS_SRUN_OPTIONS=()
GORACS_MPIRUN_OPTIONS=()

# Sites that requeue by exit code: the code that a job which can be resumed ends with, instead of `scontrol requeue`.
GORACS_REQUEUE_EXIT="${GORACS_REQUEUE_EXIT:-}"

# Restarts one after the other that stop where they began, after which a job is left alone.
GORACS_IDLE_RESTARTS="${GORACS_IDLE_RESTARTS:-1}"

# At most so many points of a sweep at a time.
GORACS_SWEEP_JOBS="${GORACS_SWEEP_JOBS:-16}"
