#!/usr/bin/env bash
# Set-up, build and all of CTest: at most 30 minutes on two cores.
#
#   tools/test.sh [--oracle]
#
#   --oracle  also the tests against Hugging Face's libraries (a second Python environment of 5.8 GB, made in about 2 minutes)
#
# Tests on a GPU (label gpu) run where there is one. Without nvcc the CUDA kernels' real compile is left out; GORACS_REQUIRE_NVCC=1 makes
# that an error.
# Ends with the seconds of each label. Exit code: not 0 when anything fails or no test ran.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=tools/environment.sh
source tools/environment.sh

setup_options=() targets=(all) left_out=(oracle)
for option in "$@"; do
  case "$option" in
    --oracle)
      setup_options=(--oracle) targets=(all model_figures) left_out=()
      export GORACS_ORACLE_PYTHON="$GORACS_CACHE_DIR/venv-oracle/bin/python"
      ;;
    -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "test: unknown option '$option' (see --help)" >&2; exit 2 ;;
  esac
done
nvidia-smi --list-gpus >/dev/null 2>&1 || left_out+=(gpu)
ctest_options=()
if ((${#left_out[@]} > 0)); then ctest_options=(-LE "^($(IFS='|' && echo "${left_out[*]}"))\$"); fi

begin=$SECONDS
tools/setup.sh "${setup_options[@]}"
setup_seconds=$((SECONDS - begin))

mark=$SECONDS
cmake --preset cpu
cmake --build --preset cpu --target "${targets[@]}"
build_seconds=$((SECONDS - mark))

mark=$SECONDS status=0
ctest --test-dir build --output-on-failure --no-tests=error -j 2 --output-junit tests.xml "${ctest_options[@]}" || status=$?
test_seconds=$((SECONDS - mark))

"$GORACS_TEST_PYTHON" tools/test_seconds.py build
printf 'set-up %d s, build %d s, tests %d s, all %d s\n' "$setup_seconds" "$build_seconds" "$test_seconds" $((SECONDS - begin))
if grep -q '^GORACS_NVCC:.*NOTFOUND' build/CMakeCache.txt; then echo "no nvcc here: the CUDA kernels were not compiled for real"; fi
if ((SECONDS - begin > 1800)); then echo "test: over the 30 minutes that this may take on two cores" >&2; fi
exit "$status"
