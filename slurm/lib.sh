# shellcheck shell=bash
# What the scripts of this folder share: which launcher, how a signal reaches the ranks, when a job is put back into the queue.
#
# Called by a user, a script submits itself; called by Slurm, it runs. DRY_RUN=1 prints the commands instead, in both places.

GORACS_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$GORACS_ROOT" || exit 2 # configs name paths from here
# shellcheck source=slurm/site.sh
source "$GORACS_ROOT/slurm/site.sh"

readonly GORACS_RESUMABLE_EXIT=75 GORACS_PEER_EXIT=6
readonly GORACS_LAUNCHES=3 GORACS_LAUNCH_PAUSE=3 # seconds

goracs_say() { printf 'goracs-slurm: %s\n' "$*" >&2; }
goracs_in_job() { [ -n "${SLURM_JOB_ID:-}" ]; }
goracs_dry() { [ "${DRY_RUN:-0}" != 0 ]; }
goracs_print() { printf '%q ' "$@"; printf '\n'; }

# In an array SLURM_JOB_ID of one task is the whole array's id: a requeue with it would hit every task.
goracs_job_id() {
  if [ -n "${SLURM_ARRAY_JOB_ID:-}" ]; then
    echo "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
  else
    echo "${SLURM_JOB_ID:-}"
  fi
}

# --- submitting ------------------------------------------------------------------------------------------------------------------

goracs_launcher() {
  case "$GORACS_LAUNCHER" in
    srun | mpirun) echo "$GORACS_LAUNCHER" ;;
    auto) if srun --mpi=list 2>&1 | grep -qw pmix; then echo srun; else echo mpirun; fi ;;
    *) goracs_say "GORACS_LAUNCHER is '$GORACS_LAUNCHER', expected srun, mpirun or auto"; return 2 ;;
  esac
}

# goracs_submit SCRIPT [SBATCH_OPTION...] [-- SCRIPT_ARGUMENT...]: prints the job's id
goracs_submit() {
  local script="$1" options=("${GORACS_SBATCH_OPTIONS[@]}")
  shift
  # mpirun is no job step, so the signal goes to the batch shell, which hands it on; it wins over the #SBATCH head
  if [ "$(goracs_launcher)" = mpirun ]; then options+=(--signal=B:USR2@300); fi
  while (($# > 0)) && [ "$1" != -- ]; do options+=("$1"); shift; done
  if (($# > 0)); then shift; fi
  if goracs_dry; then
    goracs_print sbatch --parsable "${options[@]}" "$script" "$@" >&2
    echo "DRY_RUN"
    return
  fi
  local id
  id=$(sbatch --parsable "${options[@]}" "$script" "$@") || return 2
  echo "${id%%;*}"
}

# --- running ---------------------------------------------------------------------------------------------------------------------

# The command that starts the ranks, in the array `launch`.
goracs_choose_launch() {
  local launcher
  launcher=$(goracs_launcher) || return 2
  if [ "$launcher" = srun ]; then
    launch=(srun --mpi=pmix --kill-on-bad-exit=1 --cpu-bind=none "${GORACS_SRUN_OPTIONS[@]}")
    if [ -n "${SLURM_CPUS_PER_TASK:-}" ]; then export SRUN_CPUS_PER_TASK="$SLURM_CPUS_PER_TASK"; fi # from 22.05 on srun reads only this
  else
    launch=(mpirun --bind-to none "${GORACS_MPIRUN_OPTIONS[@]}")
    if [ -n "${SLURM_NTASKS:-}" ]; then launch+=(-n "$SLURM_NTASKS"); fi
    if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
  fi
}

# The end of the allocation for run.walltime: auto; Slurm sets the variable itself only from 23.02 on.
goracs_export_end_time() {
  [ -z "${SLURM_JOB_END_TIME:-}" ] || return 0
  local end
  end=$(SLURM_TIME_FORMAT=%s squeue --noheader --jobs "$(goracs_job_id)" --format %e 2>/dev/null) || return 0
  if [[ "$end" =~ ^[0-9]+$ ]]; then export SLURM_JOB_END_TIME="$end"; fi
}

# Runs a command in the background, so that bash handles USR2 at once, and hands every USR2 on. Returns the command's exit code.
goracs_run_with_signals() {
  local child="" asked=0 code=0
  trap 'asked=1; if [ -n "$child" ]; then kill -USR2 "$child" 2>/dev/null; fi' USR2
  "$@" </dev/null &
  child=$!
  if ((asked)); then kill -USR2 "$child" 2>/dev/null; fi
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break # else wait was interrupted by the trap
  done
  wait "$child" 2>/dev/null # a signal that came as the command ended hid its code
  local last=$?
  if ((code > 128 && last != 127)); then code=$last; fi
  trap - USR2
  return "$code"
}

# The folder work_dir/runs/NAME of what the arguments name; nothing when the program cannot tell.
goracs_run_folder() {
  local arguments=("$@")
  if [ "$1" = sweep ]; then
    "$GORACS_PROGRAM" "${arguments[@]}" --list 2>/dev/null | sed -n 's/.*"run_folder" *: *"\([^"]*\)".*/\1/p'
  else
    "$GORACS_PROGRAM" "${arguments[@]}" --print-config 2>/dev/null | awk '
      { sub(/[ \t]+#.*$/, "") }
      /^[^ ]/ { section = $1 }
      /^work_dir:/ { work = $2 }
      section == "run:" && $1 == "name:" { name = $2 }
      END { gsub(/"/, "", work); gsub(/"/, "", name); if (work != "" && name != "") print work "/runs/" name }'
  fi
}

# srun may return 0 though the step was never launched: what the program leaves says whether all was done.
goracs_done() {
  local folder="$1" verb="$2"
  [ -n "$folder" ] || return 0
  [ ! -e "$folder/RESUMABLE" ] || return 1
  case "$verb" in run | sweep) [ -e "$folder/summary.json" ] ;; esac
}

# --- again? ----------------------------------------------------------------------------------------------------------------------

# The user's own wish, by a file STOP, is no reason to start again.
goracs_stopped_by_file() { [ -n "$1" ] && grep -qsx 'by file STOP' "$1/RESUMABLE"; }

# Did this restart get further? RESUMABLE says where the run stands; what it said last time is kept beside it.
goracs_made_progress() {
  local folder="$1" last idle=0
  [ -n "$folder" ] && [ -f "$folder/RESUMABLE" ] || return 0
  last="$folder/.requeued-at"
  if [ -f "$last" ] && cmp -s <(tail -n +2 "$last") "$folder/RESUMABLE"; then idle=$(($(head -n 1 "$last") + 1)); fi
  { echo "$idle"; cat "$folder/RESUMABLE"; } >"$last.tmp" && mv "$last.tmp" "$last"
  ((idle < GORACS_IDLE_RESTARTS))
}

# Ends the job: back into the queue after a clean stop, else with the program's code.
goracs_end() {
  local code="$1" folder="$2" stamp="$3" id
  id=$(goracs_job_id)
  # srun gives the highest code of all ranks, and a launcher may kill a rank on its way out: RESUMABLE of this start counts as well
  if [ "$code" != "$GORACS_RESUMABLE_EXIT" ]; then
    if [ "$code" = 0 ] || [ -z "$folder" ] || [ ! "$folder/RESUMABLE" -nt "$stamp" ]; then
      rm -f "$stamp"
      if [ "$code" = 0 ] && [ -n "$folder" ]; then rm -f "$folder/.requeued-at"; fi
      exit "$code"
    fi
    goracs_say "exit code $code, but $folder/RESUMABLE is of this start: stopped cleanly"
  fi
  rm -f "$stamp"
  if goracs_stopped_by_file "$folder"; then
    goracs_say "stopped by the file STOP: not requeued; sbatch it again to go on"
    exit "$GORACS_RESUMABLE_EXIT"
  fi
  if ! goracs_made_progress "$folder"; then
    goracs_say "the restart made no progress ($(tr '\n' ' ' <"$folder/RESUMABLE")): not requeued; sbatch it again to go on"
    exit "$GORACS_RESUMABLE_EXIT"
  fi
  if [ -n "$GORACS_REQUEUE_EXIT" ]; then exit "$GORACS_REQUEUE_EXIT"; fi
  goracs_say "stopped cleanly, requeueing $id"
  scontrol requeue "$id" || goracs_say "scontrol would not requeue $id: sbatch it again to go on"
  exit "$GORACS_RESUMABLE_EXIT"
}

# goracs_ranks VERB ARGUMENT...: the program on all ranks of the job; does not return unless it ended with 0
goracs_ranks() {
  local launch=() folder="" stamp="" code=0 launches
  goracs_site_environment
  goracs_choose_launch || exit 2
  if goracs_dry; then
    goracs_print "${launch[@]}" "$GORACS_PROGRAM" "$@"
    return
  fi
  [ -x "$GORACS_PROGRAM" ] || { goracs_say "no program $GORACS_PROGRAM: build it, or name it in slurm/site.sh"; exit 2; }
  goracs_export_end_time
  folder=$(goracs_run_folder "$@")
  stamp=$(mktemp "${TMPDIR:-/tmp}/goracs-start.XXXXXX")
  touch -d '1 second ago' "$stamp" # file times of a network file system are coarse
  for ((launches = 1; ; ++launches)); do
    goracs_run_with_signals "${launch[@]}" "$GORACS_PROGRAM" "$@"
    code=$?
    if [ "$code" != 0 ]; then goracs_end "$code" "$folder" "$stamp"; fi
    if goracs_done "$folder" "$1"; then break; fi
    goracs_say "${launch[0]} returned 0, but the run is not finished: it never started ($launches of $GORACS_LAUNCHES)"
    if ((launches == GORACS_LAUNCHES)); then rm -f "$stamp"; exit "$GORACS_PEER_EXIT"; fi
    sleep "$GORACS_LAUNCH_PAUSE"
  done
  rm -f "$stamp"
  if [ -n "$folder" ]; then rm -f "$folder/.requeued-at"; fi
}

# --- the scripts -----------------------------------------------------------------------------------------------------------------

# goracs_script FILE VERB ARGUMENT...: all of a script that is one job
goracs_script() {
  local script="$1" id
  shift
  if goracs_in_job; then
    goracs_ranks "$@"
  else
    # FILE's own arguments come after the config's
    id=$(goracs_submit "$script" -- "${@:4}") || exit 2
    if goracs_dry; then goracs_site_environment; (goracs_ranks "$@") else echo "submitted job $id"; fi
  fi
}

# goracs_sweep FILE CONFIG ARGUMENT...: one job for what all points share, an array of the points, and a job for the report.
# The file itself is each of them: GORACS_SWEEP_PART says which. Given to sbatch as it is, it is the first and submits the others.
goracs_sweep() {
  local script="$1" config="$2"
  shift 2
  local arguments=(--config "$config" "$@")
  goracs_in_job || { goracs_submit_sweep "$script" "" "${arguments[@]}"; return; }
  case "${GORACS_SWEEP_PART:-first}" in
    first) # a restart of the first job submitted the others long ago
      if [ "${SLURM_RESTART_COUNT:-0}" = 0 ]; then goracs_submit_sweep "$script" "$SLURM_JOB_ID" "${arguments[@]}"; fi
      goracs_shared_stages "${arguments[@]}"
      ;;
    shared) goracs_shared_stages "${arguments[@]}" ;;
    point) goracs_ranks sweep "${arguments[@]}" --index "$SLURM_ARRAY_TASK_ID" ;;
    report)
      goracs_site_environment
      if goracs_dry; then goracs_print "$GORACS_PROGRAM" report "${arguments[@]}" --sweep; else "$GORACS_PROGRAM" report "${arguments[@]}" --sweep; fi
      ;;
    *) goracs_say "GORACS_SWEEP_PART is '$GORACS_SWEEP_PART'"; exit 2 ;;
  esac
}

goracs_shared_stages() {
  goracs_ranks embed --with-inputs "$@"
  goracs_ranks grads --with-inputs "$@"
}

# goracs_submit_sweep SCRIPT FIRST_JOB ARGUMENT...: FIRST_JOB empty: that one too
goracs_submit_sweep() {
  local script="$1" first="$2" points last array report
  shift 2
  goracs_site_environment
  points=$("$GORACS_PROGRAM" sweep "$@" --list | wc -l)
  ((points > 0)) || { goracs_say "goracs sweep --list names no point: check the config (goracs validate $*)"; exit 2; }
  last=$((points - 1))
  # what the script itself adds (the config) is not passed on
  [ -n "$first" ] || first=$(goracs_submit "$script" --export=ALL,GORACS_SWEEP_PART=shared -- "${@:3}") || exit 2
  array=$(goracs_submit "$script" --export=ALL,GORACS_SWEEP_PART=point --array="0-$last%$GORACS_SWEEP_JOBS" \
    --output="goracs-$(basename "$script" .sh | tr _ -)-%A_%a.log" --dependency="afterok:$first" --kill-on-invalid-dep=yes -- "${@:3}") || exit 2
  # afterany: a failed point does not keep the others from being shown
  report=$(goracs_submit "$script" --export=ALL,GORACS_SWEEP_PART=report --dependency="afterany:$array" --ntasks=1 -- "${@:3}") || exit 2
  goracs_say "shared stages: job $first; $points points: array $array; report: job $report"
}
