# shellcheck shell=bash
# What the machine lacks: reads libraries.txt and commands.txt and tries each line. Sourced by tools/setup.sh.

trim() {
  local text="$1"
  text="${text#"${text%%[![:space:]]*}"}"
  printf '%s' "${text%"${text##*[![:space:]]}"}"
}

# library_present NAME PKG_NAMES LIBRARIES SOURCE: does the source compile and link?
library_present() {
  local name="$1" names="$2" libraries="$3" source="$4" found flags="" compiler="${CXX:-g++}"
  for found in $names; do
    if flags=$(pkg-config --cflags --libs "$found" 2>/dev/null); then break; else flags=""; fi
  done
  case "$name" in MPI | *HDF5) compiler=mpicxx ;; esac # hdf5.h of a parallel build includes mpi.h
  # shellcheck disable=SC2086  # flags are words
  printf '%b' "$source" | "$compiler" -std=c++20 -w -x c++ - -x none -o /dev/null ${flags:-$libraries} >/dev/null 2>&1
}

# Prints a line "NAME|DEBIAN|SPACK|MODULE|NEED" for everything that is missing; two checks run at a time.
missing_needs() {
  local here="$1" results name debian spack module names libraries source need check
  results=$(mktemp -d)
  while IFS='|' read -r name debian spack module names libraries source; do
    name=$(trim "$name")
    case "$name" in '' | '#'*) continue ;; esac
    while (($(jobs -rp | wc -l) >= 2)); do wait -n || true; done
    { library_present "$name" "$names" "$libraries" "$(trim "$source")" ||
      printf '%s|%s|%s|%s|build\n' "$name" "$(trim "$debian")" "$(trim "$spack")" "$(trim "$module")" >"$results/$name"; } &
  done <"$here/libraries.txt"
  wait
  # \| stands for a pipe inside the last column
  while IFS=$'\x1f' read -r name debian spack module need check; do
    name=$(trim "$name")
    case "$name" in '' | '#'*) continue ;; esac
    bash -c "$check" >/dev/null 2>&1 ||
      printf '%s|%s|%s|%s|%s\n' "$name" "$(trim "$debian")" "$(trim "$spack")" "$(trim "$module")" "$(trim "$need")" >"$results/${name//\//_}"
  done < <(sed -e 's/\\|/\x1e/g' -e 's/|/\x1f/g' -e 's/\x1e/|/g' "$here/commands.txt")
  cat "$results"/* 2>/dev/null || true
  rm -rf "$results"
}

# Changes whenever the answer of missing_needs could: the lists, the compiler, the search paths, what Debian has installed.
needs_fingerprint() {
  local here="$1"
  {
    cat "$here/libraries.txt" "$here/commands.txt" "$here/needs.sh"
    "${CXX:-g++}" --version 2>/dev/null || true
    env | grep -E '^(PATH|CPATH|C_INCLUDE_PATH|CPLUS_INCLUDE_PATH|LIBRARY_PATH|LD_LIBRARY_PATH|PKG_CONFIG_PATH|CXX|PYTHON)=' | sort || true
    stat -c '%Y %s' /var/lib/dpkg/status 2>/dev/null || true
  } | sha256sum | cut -d' ' -f1
}
