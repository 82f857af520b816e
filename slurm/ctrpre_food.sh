#!/bin/bash
#SBATCH --job-name=goracs-ctrpre-food
#SBATCH --ntasks=4
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --output=goracs-ctrpre-food-%j.log
#SBATCH --signal=USR2@300
#SBATCH --requeue
#SBATCH --open-mode=append

# CTRPre (yes or no) on Amazon Grocery and Gourmet Food: all stages, requeued until done.
#
#   sbatch slurm/ctrpre_food.sh [--set key=value]...      or call it: it submits itself with slurm/site.sh's options
#   DRY_RUN=1 slurm/ctrpre_food.sh                        prints what would be submitted and started

# Slurm runs a copy of this file, so the repository is looked for: GORACS_ROOT, where sbatch was called, or above it
for root in "${GORACS_ROOT:-$(dirname "$0")/..}" "${SLURM_SUBMIT_DIR:-.}" "${SLURM_SUBMIT_DIR:-.}/.."; do [ -f "$root/slurm/lib.sh" ] && break; done
# shellcheck source=slurm/lib.sh
source "$root/slurm/lib.sh" || exit 2
goracs_script slurm/ctrpre_food.sh run --config configs/ctrpre_food.yaml "$@"
