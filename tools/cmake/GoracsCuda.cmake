# CUDA. Where nvcc is, the tests compile the kernels for real and link them into programs of theirs (tests/cuda, target device_kernels); the
# program `goracs` itself takes them in with the option GORACS_CUDA (preset `cuda`). Without it every kernel's device twin throws NotCompiled.
# No CUDA language of CMake's: version 3.25 drops its C++20 flag in silence, and ptxas' report of each kernel would be lost.
option(GORACS_CUDA "Link the CUDA kernels, NCCL and LibTorch for CUDA into the program" OFF)
set(GORACS_CUDA_TARGETS 80 90 CACHE STRING "Compute capabilities that the kernels are compiled for")

if(DEFINED ENV{CUDA_HOME})
  set(_cuda_homes "$ENV{CUDA_HOME}")
endif()
list(APPEND _cuda_homes /usr/local/cuda)
find_program(GORACS_NVCC nvcc HINTS ${_cuda_homes} PATH_SUFFIXES bin)
if(NOT GORACS_NVCC)
  if(GORACS_CUDA OR "$ENV{GORACS_REQUIRE_NVCC}")
    message(FATAL_ERROR "no nvcc: load CUDA 13 or set CUDA_HOME to it (GORACS_CUDA and GORACS_REQUIRE_NVCC=1 want it)")
  endif()
  message(STATUS "CUDA: no nvcc here, the kernels' real compile is left out")
endif()

# The headers of the emulator (tests/kernels/emulator): a toolkit's, else those that tools/setup.sh has unpacked.
if(GORACS_NVCC)
  get_filename_component(_nvcc_real "${GORACS_NVCC}" REALPATH)
  get_filename_component(_nvcc_home "${_nvcc_real}/../.." ABSOLUTE)
endif()
if(DEFINED ENV{GORACS_CACHE_DIR})
  list(APPEND _cuda_header_hints "$ENV{GORACS_CACHE_DIR}/cuda-headers/nvidia/cu13")
endif()
list(APPEND _cuda_header_hints "${CMAKE_SOURCE_DIR}/.cache/cuda-headers/nvidia/cu13")
if(GORACS_CUDA_HEADERS AND NOT EXISTS "${GORACS_CUDA_HEADERS}/cuda_fp16.h")
  unset(GORACS_CUDA_HEADERS CACHE)  # of a cache folder that is gone
endif()
find_path(GORACS_CUDA_HEADERS cuda_fp16.h HINTS ${_nvcc_home} ${_cuda_homes} ${_cuda_header_hints} PATH_SUFFIXES include)
mark_as_advanced(GORACS_NVCC GORACS_CUDA_HEADERS)

# goracs_nvidia_library(NAME HEADER FILE...): the imported target Nvidia::NAME. One cudart, cuBLAS and NCCL a process: beside a LibTorch for
# CUDA those that it came with, else the toolkit's. Never libcuda: a program linked to it does not start where there is no driver.
function(goracs_nvidia_library name header)
  if(GORACS_CUDA)
    get_filename_component(beside_torch "${LibTorch_torch_cuda_LIBRARY}/../../../nvidia" ABSOLUTE)
  endif()
  find_library(GORACS_${name}_LIBRARY NAMES ${ARGN} HINTS ${beside_torch} ${_nvcc_home} ${_cuda_homes} PATH_SUFFIXES cu13/lib nccl/lib lib64 lib)
  find_path(GORACS_${name}_INCLUDE ${header} HINTS ${beside_torch}/nccl ${_nvcc_home} ${_cuda_homes} PATH_SUFFIXES include)
  mark_as_advanced(GORACS_${name}_LIBRARY GORACS_${name}_INCLUDE)
  if(GORACS_${name}_LIBRARY AND GORACS_${name}_INCLUDE)
    add_library(Nvidia::${name} SHARED IMPORTED GLOBAL)
    set_target_properties(Nvidia::${name} PROPERTIES IMPORTED_LOCATION "${GORACS_${name}_LIBRARY}"
                          INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${GORACS_${name}_INCLUDE}"
                          INTERFACE_INCLUDE_DIRECTORIES "${GORACS_${name}_INCLUDE}")
  elseif(GORACS_CUDA OR "$ENV{GORACS_REQUIRE_NVCC}")
    message(FATAL_ERROR "no ${name} (${header}, ${ARGN}): run tools/setup.sh --cuda, or take a CUDA toolkit with it")
  endif()
endfunction()

if(GORACS_CUDA AND NOT TARGET LibTorch::cuda)
  message(FATAL_ERROR "the LibTorch here is not one for CUDA: run tools/setup.sh --cuda, or set LibTorch_ROOT")
endif()
if(GORACS_NVCC)
  goracs_nvidia_library(cudart cuda_runtime.h libcudart.so.13 cudart)
  goracs_nvidia_library(cublas cublas_v2.h libcublas.so.13 cublas)
  goracs_nvidia_library(nccl nccl.h libnccl.so.2 nccl)
endif()

# goracs_kernel_object(OUT FILE.cu): the object of one kernel for all of GORACS_CUDA_TARGETS, warnings of nvcc, g++ and ptxas being errors.
function(goracs_kernel_object out source)
  get_filename_component(name "${source}" NAME_WE)
  set(object "${CMAKE_BINARY_DIR}/device_kernels/${name}.o")
  set(report "${CMAKE_BINARY_DIR}/device_kernels/${name}.ptxas")
  set(targets)
  foreach(target IN LISTS GORACS_CUDA_TARGETS)
    list(APPEND targets -gencode arch=compute_${target},code=sm_${target})
  endforeach()
  get_target_property(fmt_headers fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
  add_custom_command(OUTPUT "${object}" BYPRODUCTS "${report}" DEPFILE "${object}.d" DEPENDS "${source}" "${CMAKE_SOURCE_DIR}/tools/cuda/kernel.py"
    COMMAND python3 "${CMAKE_SOURCE_DIR}/tools/cuda/kernel.py" compile "${report}" "${GORACS_NVCC}" -ccbin "${CMAKE_CXX_COMPILER}"
            -std=c++20 -O3 ${targets} -I "${CMAKE_SOURCE_DIR}/src" -I "${CMAKE_SOURCE_DIR}" -Xcompiler "-idirafter,${fmt_headers}"
            --expt-relaxed-constexpr  # constexpr functions of plain headers are device code, too
            -DFMT_USE_CONSTEXPR=1  # nvcc's front end does not take fmt 9 without
            --Werror all-warnings -Xcompiler -Wall,-Wextra,-Wshadow,-Werror -Xptxas -v,-warn-lmem-usage,-warn-spills,-Werror
            -MD -MF "${object}.d" -MT "${object}" -c "${source}" -o "${object}"
    COMMENT "nvcc ${name}.cu" VERBATIM)
  set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  set(${out} "${object}" PARENT_SCOPE)
endfunction()

if(GORACS_NVCC)
  file(GLOB _kernel_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/kernels/*.cu")
  foreach(_file IN LISTS _kernel_files)
    goracs_kernel_object(_object "${_file}")
    list(APPEND GORACS_KERNEL_OBJECTS "${_object}")
  endforeach()
  list(TRANSFORM GORACS_KERNEL_OBJECTS REPLACE "[.]o$" ".ptxas" OUTPUT_VARIABLE GORACS_KERNEL_REPORTS)
  add_custom_target(goracs_device_kernels DEPENDS ${GORACS_KERNEL_OBJECTS})
  # registers, spills and shared memory of every kernel: cmake --build ... --target kernel_resources
  add_custom_target(kernel_resources COMMAND python3 "${CMAKE_SOURCE_DIR}/tools/cuda/kernel.py" table ${GORACS_KERNEL_REPORTS} DEPENDS goracs_device_kernels
                    VERBATIM)
endif()

# In a CUDA build the device twins are part of the library of kernels, in place of the stand-ins.
function(goracs_link_device_kernels library)
  if(GORACS_CUDA)
    get_target_property(sources ${library} SOURCES)
    list(FILTER sources EXCLUDE REGEX "/not_compiled[.]cpp$")
    set_target_properties(${library} PROPERTIES SOURCES "${sources};${GORACS_KERNEL_OBJECTS}")
    target_link_libraries(${library} PUBLIC Nvidia::cudart Nvidia::cublas)
  endif()
endfunction()
