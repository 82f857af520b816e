# CUDA: what is there of it, and the option GORACS_CUDA (preset `cuda`). Without it every kernel's device twin throws NotCompiled.
option(GORACS_CUDA "Compile the CUDA kernels and link NVIDIA's libraries" OFF)

if(DEFINED ENV{CUDA_HOME})
  set(_cuda_homes "$ENV{CUDA_HOME}")
endif()
list(APPEND _cuda_homes /usr/local/cuda)
find_program(GORACS_NVCC nvcc HINTS ${_cuda_homes} PATH_SUFFIXES bin)

# The headers of the emulator (tests/kernels/emulator): a toolkit's, else those that tools/setup.sh has unpacked.
if(GORACS_NVCC)
  get_filename_component(_nvcc_real "${GORACS_NVCC}" REALPATH)
  get_filename_component(_nvcc_home "${_nvcc_real}/../.." ABSOLUTE)
endif()
if(DEFINED ENV{GORACS_CACHE_DIR})
  list(APPEND _cuda_header_hints "$ENV{GORACS_CACHE_DIR}/cuda-headers")
endif()
list(APPEND _cuda_header_hints "${CMAKE_SOURCE_DIR}/.cache/cuda-headers")
if(GORACS_CUDA_HEADERS AND NOT EXISTS "${GORACS_CUDA_HEADERS}/cuda_fp16.h")
  unset(GORACS_CUDA_HEADERS CACHE)  # of a cache folder that is gone
endif()
find_path(GORACS_CUDA_HEADERS cuda_fp16.h HINTS ${_nvcc_home} ${_cuda_homes} ${_cuda_header_hints} PATH_SUFFIXES include)
mark_as_advanced(GORACS_NVCC GORACS_CUDA_HEADERS)
