#!/usr/bin/env bash
# From nothing to a result: set-up, build, demo models and data, then both demo tasks on two ranks, and a table.
#
#   tools/quickstart.sh [--ranks R] [TASK...]      TASK: seqrec ctrpre; none = both
#
# Each task runs three times on the same prepared data: the bare model, a random coreset, the coreset of ITRA. Stages that
# two runs share are computed once, and a second start finds all finished stages again. About 10 minutes of running on two cores.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=tools/environment.sh
source tools/environment.sh

ranks=2 tasks=()
while (($# > 0)); do
  case "$1" in
    --ranks) ranks="$2"; shift ;;
    seqrec | ctrpre) tasks+=("$1") ;;
    -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "quickstart: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
  shift
done
((${#tasks[@]} > 0)) || tasks=(ctrpre seqrec)

begin=$SECONDS
tools/setup.sh
setup_seconds=$((SECONDS - begin))

mark=$SECONDS
cmake --preset cpu
cmake --build --preset cpu --target goracs
build_seconds=$((SECONDS - mark))

# run_demo TASK ROW SETTING...: one row of the table; its summary lies in work/demo_TASK/runs/TASK-ROW/
run_demo() {
  local task="$1" row="$2" settings=()
  shift 2
  for setting in "$@"; do settings+=(--set "$setting"); done
  printf '\n== %s: %s\n' "$task" "$row"
  mpirun -n "$ranks" --bind-to none build/goracs run --config "configs/demo_$task.yaml" --set "run.name=$task-$row" "${settings[@]}"
}

mark=$SECONDS
for task in "${tasks[@]}"; do
  run_demo "$task" base evaluate.adapter=none
  run_demo "$task" random select.method=random
  run_demo "$task" itra select.method=itra
done
run_seconds=$((SECONDS - mark))

"$GORACS_TEST_PYTHON" tools/quickstart_table.py "${tasks[@]}"
printf '\nset-up %d s, build %d s, demos %d s on %d ranks\n' "$setup_seconds" "$build_seconds" "$run_seconds" "$ranks"
