#!/usr/bin/env bash
# The rules of the code that a machine can check.
#
#   tools/check.sh [--build DIR] [rules] [format] [headers] [tidy]      without names: all four
#
#   rules    layers, include cycles, where MPI, HDF5 and Torch may appear, paths of one machine   (tools/check/rules.py)
#   format   clang-format-19 changes nothing; `tools/check.sh --fix` lets it
#   headers  every header compiles alone
#   tidy     clang-tidy-19: naming rules, mpi-*, mistakes
#
# headers and tidy need a configured build (default build/) for its compile_commands.json; what did not change is not read again.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export PYTHONDONTWRITEBYTECODE=1
build="$root/build" fix=false parts=()
while (($# > 0)); do
  case "$1" in
    --build) build="$2"; shift ;;
    --fix) fix=true; parts+=(format) ;;
    rules | format | headers | tidy) parts+=("$1") ;;
    -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "check: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
  shift
done
((${#parts[@]} > 0)) || parts=(rules format headers tidy)
python="${PYTHON:-python3}"

check_rules() { "$python" tools/check/rules.py; }

check_format() {
  local files mode=(--dry-run -Werror)
  if $fix; then mode=(-i); fi
  mapfile -t files < <(find src kernels tests tools -type f \( -name '*.hpp' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' \) 2>/dev/null | sort)
  if ((${#files[@]} > 0)) && ! clang-format-19 "${mode[@]}" "${files[@]}"; then
    echo "format: tools/check.sh --fix mends it"
    return 1
  fi
  echo "format: ${#files[@]} files"
}

check_headers() { "$python" tools/check/headers.py "$build"; }
check_tidy() { "$python" tools/check/tidy.py "$build"; }

failed=()
for part in "${parts[@]}"; do
  "check_$part" || failed+=("$part")
done
if ((${#failed[@]} > 0)); then
  echo "check: failed: ${failed[*]}" >&2
  exit 1
fi
echo "check: all of ${parts[*]} hold"
