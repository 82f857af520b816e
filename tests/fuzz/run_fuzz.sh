#!/usr/bin/env bash
# run_fuzz.sh PROGRAM SEEDS SECONDS: fuzzes from a copy of the seeds; a crash, leak, hang or memory beyond the limit fails. Prints the executions.
set -euo pipefail
program=$1 seeds=$2 seconds=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/corpus"
cp -- "$seeds"/* "$folder/corpus/"
cd "$folder"
status=0
"$program" -max_total_time="$seconds" -max_len=16384 -timeout=25 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=1 corpus >log 2>&1 || status=$?
grep -E '^stat::(number_of_executed_units|average_exec_per_sec|new_units_added|peak_rss_mb)' log || true
if ((status != 0)); then
  tail -n 60 log
  for input in crash-* leak-* timeout-* oom-*; do
    [[ -e $input ]] && echo "$input: $(base64 -w 0 "$input")"
  done
fi
exit "$status"
