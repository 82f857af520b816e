# shellcheck shell=bash
# What every script that starts ranks sets. Sourced.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # Open MPI asks for both; containers run as root
export OMPI_MCA_rmaps_base_oversubscribe=1                       # more ranks than cores in tests
export OMPI_MCA_btl_vader_single_copy_mechanism=none             # containers forbid process_vm_readv
export OMP_WAIT_POLICY=passive                                   # spinning threads stop other ranks on a busy machine
export GORACS_CACHE_DIR="${GORACS_CACHE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache}"
export GORACS_TEST_PYTHON="$GORACS_CACHE_DIR/venv-test/bin/python"
