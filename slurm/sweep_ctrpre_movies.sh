#!/bin/bash
#SBATCH --job-name=goracs-sweep-ctrpre-movies
#SBATCH --ntasks=4
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --output=goracs-sweep-ctrpre-movies-%j.log
#SBATCH --signal=USR2@300
#SBATCH --requeue
#SBATCH --open-mode=append

# CTRPre (yes or no) on Amazon Movies and TV: every point of the config's `sweep:` (method x lambda x budget x seed) as a job array.
# One job does the stages that all points share, the array waits for it, a last job makes the report.
#
#   slurm/sweep_ctrpre_movies.sh [--set key=value]...       submits the three jobs; `sbatch FILE` does the same from the first of them
#   DRY_RUN=1 slurm/sweep_ctrpre_movies.sh                  prints what would be submitted

# Slurm runs a copy of this file, so the repository is looked for: GORACS_ROOT, where sbatch was called, or above it
for root in "${GORACS_ROOT:-$(dirname "$0")/..}" "${SLURM_SUBMIT_DIR:-.}" "${SLURM_SUBMIT_DIR:-.}/.."; do [ -f "$root/slurm/lib.sh" ] && break; done
# shellcheck source=slurm/lib.sh
source "$root/slurm/lib.sh" || exit 2
goracs_sweep slurm/sweep_ctrpre_movies.sh configs/ctrpre_movies.yaml "$@"
