#!/usr/bin/env bash
# The long campaign of faults: kills, stops, frozen peers, I/O errors, damaged bytes, fuzzed inputs; writes RELIABILITY.md.
#
#   tools/faults.sh [--short] [--hours-of-fuzzing H]
#
# Needs a build (tools/test.sh makes one). About an hour on two cores; --short about ten minutes (what the tests run of it). Every campaign
# prints one JSON object; they are kept in build/faults.jsonl, and RELIABILITY.md is made from them by tools/reliability.py.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=tools/environment.sh
source tools/environment.sh

kills=200 per_stage=20 demo_kills=10 stops=6 peers=3 fuzz_seconds=600
while (($# > 0)); do
  case "$1" in
    --short) kills=20 per_stage=0 demo_kills=0 stops=1 peers=1 fuzz_seconds=20 ;;
    --hours-of-fuzzing) fuzz_seconds=$(awk -v h="$2" 'BEGIN {print int(h * 3600)}'); shift ;;
    -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "faults: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
  shift
done
[ -x build/goracs ] || { echo "faults: no build/goracs; run tools/test.sh first" >&2; exit 2; }

results=build/faults.jsonl
: >"$results.new"
failed=0
# campaign COMMAND...: its JSON object goes to the results; what fails is shown and counted, and the rest goes on
campaign() {
  printf 'faults: %s\n' "$*" >&2
  "$@" >>"$results.new" || { failed=$((failed + 1)); printf '{"promise": "failed", "what": "%s"}\n' "$*" >>"$results.new"; }
}

python="$GORACS_TEST_PYTHON"
campaign "$python" tests/faults/kills.py --count "$kills" --per-stage "$per_stage" --seed "$RANDOM"
campaign "$python" tests/faults/kills.py --count "$((kills / 10))" --per-stage 0 --ranks 3 --config configs/test_tiny_ctrpre.yaml --seed "$RANDOM"
if ((demo_kills > 0)); then
  campaign "$python" tests/faults/kills.py --count "$demo_kills" --config configs/demo_ctrpre.yaml --seed "$RANDOM"
  campaign "$python" tests/faults/stops.py --per-stage 1 --config configs/demo_ctrpre.yaml --seed "$RANDOM"
fi
campaign "$python" tests/faults/stops.py --per-stage "$stops" --seed "$RANDOM"
campaign "$python" tests/faults/peers.py --per-stage "$peers" --seed "$RANDOM"
for fuzzer in build/tests/fuzz_*; do
  [ -x "$fuzzer" ] || continue
  campaign "$python" tests/faults/fuzzing.py "$fuzzer" "tests/fuzz/seeds/$(basename "$fuzzer" | sed 's/^fuzz_//')" "$fuzz_seconds"
done
mv "$results.new" "$results"
"$python" tools/reliability.py "$results" >RELIABILITY.md
echo "faults: RELIABILITY.md written, $failed campaigns failed"
exit $((failed > 0))
