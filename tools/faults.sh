#!/usr/bin/env bash
# The long campaign of faults: kills, stops, frozen peers, I/O errors, damaged bytes, fuzzed inputs; writes RELIABILITY.md.
#
#   tools/faults.sh [--short] [--fresh] [--minutes M] [--fuzz-seconds S]
#
#   --short           the counts of the tests instead: about ten minutes
#   --fresh           forgets what earlier calls counted
#   --minutes M       starts nothing more after M minutes; the next call goes on there
#   --fuzz-seconds S  of each fuzzer (600)
#
# Needs a build (tools/test.sh makes one). About an hour and a half on two cores; pieces add up in build/faults.jsonl, one JSON object a line,
# from which tools/reliability.py makes RELIABILITY.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=tools/environment.sh
source tools/environment.sh

kills=200 per_stage=20 demo_kills=10 stops=6 peers=3 full_disks=30 fuzz_seconds=600 minutes=10000
results=build/faults.jsonl
while (($# > 0)); do
  case "$1" in
    --short) kills=20 per_stage=0 demo_kills=0 stops=2 peers=1 full_disks=6 fuzz_seconds=20 ;;
    --fresh) rm -f "$results" ;;
    --minutes) minutes=$2; shift ;;
    --fuzz-seconds) fuzz_seconds=$2; shift ;;
    -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "faults: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
  shift
done
[ -x build/goracs ] || { echo "faults: no build/goracs; run tools/test.sh first" >&2; exit 2; }

failed=0
# campaign SCRIPT ARGUMENT...: one campaign for as long as there is time; what fails is in its line, and the rest goes on
campaign() {
  local left=$((60 * minutes - SECONDS))
  ((left > 0)) || return 0
  printf 'faults: %s\n' "$*" >&2
  "$GORACS_TEST_PYTHON" "tests/faults/$1" "${@:2}" --results "$results" --seconds "$left" >&2 || failed=$((failed + 1))
}

# What the tests of artifacts count anyway ("R5: 6,131 bytes flipped"), once.
tests_that_count() {
  if grep -qs '"promise": "R5"' "$results" || ((60 * minutes <= SECONDS)); then return 0; fi
  GORACS_LONG=1 ctest --test-dir build -V -R '^(artifact_|damage$|leftovers_|progress$|pipeline_refusals$|slurm_program$)' >build/faults.tests || failed=$((failed + 1))
  local commit
  commit=$(build/goracs --version | sed -n 's/.*(git \(.*\)).*/\1/p')
  sed -nE 's/^[0-9]+: [.s]*(R[0-9]+):? (.*)$/{"promise": "\1", "what": "\2", "commit": ["'"$commit"'"]}/p' build/faults.tests >>"$results"
}

tests_that_count
campaign kills.py --count "$kills" --per-stage "$per_stage" --seed "$RANDOM"
campaign kills.py --count "$((kills / 10))" --ranks 3 --config configs/test_tiny_ctrpre.yaml --seed "$RANDOM"
campaign stops.py --per-stage "$stops" --seed "$RANDOM"
campaign stops.py --per-stage "$((stops / 2))" --srun --seed "$RANDOM"
campaign peers.py --per-stage "$peers" --seed "$RANDOM"
campaign full_disk.py --count "$full_disks" --seed "$RANDOM"
if ((demo_kills > 0)); then
  campaign kills.py --count "$demo_kills" --in-turn --again 0 --config configs/demo_ctrpre.yaml --seed "$RANDOM"
  for demo in configs/demo_{ctrpre,seqrec}.yaml; do
    campaign stops.py --per-stage 2 --in-turn --config "$demo" --seed "$RANDOM"
    campaign stops.py --per-stage 2 --in-turn --config "$demo" --srun --seed "$RANDOM"
  done
fi
if ! grep -q '^GORACS_FUZZ_CXX:.*NOTFOUND' build/CMakeCache.txt; then cmake --build build --target fuzzers >&2; fi
for fuzzer in build/tests/fuzz_*; do
  if [ -x "$fuzzer" ]; then campaign fuzzing.py "$fuzzer" "tests/fuzz/seeds/${fuzzer##*/fuzz_}" --wanted "$fuzz_seconds"; fi
done
"$GORACS_TEST_PYTHON" tools/reliability.py build "$results" >RELIABILITY.md
echo "faults: RELIABILITY.md written, $failed campaigns failed"
exit $((failed > 0))
