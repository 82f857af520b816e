#!/usr/bin/env bash
# Times this program against named peers; one JSON object a line: name, ours, peer, peer_name, unit, ratio (> 1: ours is better).
#
#   tools/bench/run.sh [NAME...]      selection model data start; without names: all that are there
#
#   model   embedding, gradient norms, LoRA step, beam search, first logits, against sentence-transformers, transformers and peft
#   data    tokenising against `tokenizers`, preparation of a full-size Amazon Games data set (synthetic) against plain Python
#   start   seconds of --help, --version and validate (median of 5; no peer)
#
# The peers of model and data live in an environment of their own: tools/setup.sh --oracle. Wants a built build/ and an idle machine; the load
# is printed to the terminal. THREADS (2) is what both sides get.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
# shellcheck source=tools/environment.sh
source tools/environment.sh
bench="$root/tools/bench" build="$root/build" demo="$GORACS_CACHE_DIR/demo" threads="${THREADS:-2}"
oracle="$GORACS_CACHE_DIR/venv-oracle/bin/python"
export OMP_NUM_THREADS="$threads" HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONDONTWRITEBYTECODE=1

need_peers() {
  [ -e "$GORACS_CACHE_DIR/venv-oracle/.made-from" ] || { echo "bench: no Hugging Face libraries here: tools/setup.sh --oracle" >&2; exit 2; }
}
target() { cmake --build "$build" --target "$1" >&2; }

bench_model() {
  need_peers
  target bench_model
  target bench_tune
  "$oracle" "$bench/model_bench.py" "$build/bench_model" --models "$demo" --ratings "$demo/ml-100k" --threads "$threads"
  "$oracle" "$bench/tune_bench.py" "$build/bench_tune" --model "$demo/smollm2-135m-instruct" --ratings "$demo/ml-100k" --threads "$threads"
}

bench_data() {
  need_peers
  target bench_data
  "$oracle" "$bench/data_bench.py" "$build/bench_data" --models "$demo" --ratings "$demo/ml-100k" --external "$GORACS_CACHE_DIR/tokenizers_external" \
    --threads "$threads"
}

bench_selection() {
  target bench_selection
  target bench_relaxed
  target goracs
  "$GORACS_TEST_PYTHON" "$bench/selection_bench.py" "$build/bench_selection" "$build/goracs" --threads "$threads"
}

bench_start() {
  target goracs
  "$GORACS_TEST_PYTHON" "$bench/start_bench.py" "$build/goracs" "$root/configs/test_tiny.yaml"
}

names=("$@")
if ((${#names[@]} == 0)); then
  names=(model data start)
  if [ -e "$bench/selection_bench.py" ]; then names=(selection "${names[@]}"); fi
fi
for name in "${names[@]}"; do
  case "$name" in
    selection | model | data | start) ;;
    -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "bench: unknown name '$name' (selection model data start)" >&2; exit 2 ;;
  esac
done
for name in "${names[@]}"; do
  echo "bench: $name, load $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) cores" >&2
  "bench_$name"
done
