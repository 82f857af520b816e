# Imported targets for a LibTorch taken from a PyPI wheel or a libtorch archive, without TorchConfig.cmake
# (that one enables the CUDA language and wants CUDA20, which CMake 3.25 does not know for nvcc).
#   LibTorch::cpu   torch_cpu + c10          LibTorch::cuda   adds torch_cuda + c10_cuda (if found; set-up puts them in libtorch-cuda/)
# Looked for in LibTorch_ROOT (the folder that holds include/ and lib/; variable or environment), then where tools/setup.sh puts it:
# $GORACS_CACHE_DIR/libtorch/torch, .cache/libtorch/torch.
if(DEFINED ENV{GORACS_CACHE_DIR})
  list(APPEND _libtorch_hints "$ENV{GORACS_CACHE_DIR}/libtorch/torch" "$ENV{GORACS_CACHE_DIR}/libtorch-cuda/torch")
endif()
list(APPEND _libtorch_hints "${CMAKE_SOURCE_DIR}/.cache/libtorch/torch" "${CMAKE_SOURCE_DIR}/.cache/libtorch-cuda/torch")

# A path remembered from a cache folder that is gone or has moved would only fail later, at compile time.
if(LibTorch_INCLUDE_DIR AND NOT EXISTS "${LibTorch_INCLUDE_DIR}/ATen/ATen.h")
  unset(LibTorch_INCLUDE_DIR CACHE)
  unset(LibTorch_API_INCLUDE_DIR CACHE)
  foreach(lib IN ITEMS c10 torch_cpu c10_cuda torch_cuda)
    unset(LibTorch_${lib}_LIBRARY CACHE)
  endforeach()
endif()

find_path(LibTorch_INCLUDE_DIR ATen/ATen.h HINTS ${_libtorch_hints} PATH_SUFFIXES include)
find_path(LibTorch_API_INCLUDE_DIR torch/torch.h HINTS ${_libtorch_hints} PATH_SUFFIXES include/torch/csrc/api/include)
foreach(lib IN ITEMS c10 torch_cpu c10_cuda torch_cuda)
  find_library(LibTorch_${lib}_LIBRARY ${lib} HINTS ${_libtorch_hints} PATH_SUFFIXES lib NO_CMAKE_SYSTEM_PATH)
endforeach()
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_API_INCLUDE_DIR LibTorch_c10_LIBRARY LibTorch_torch_cpu_LIBRARY LibTorch_c10_cuda_LIBRARY
                 LibTorch_torch_cuda_LIBRARY)

if(LibTorch_INCLUDE_DIR AND EXISTS "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h")
  file(STRINGS "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h" _libtorch_version REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9]*([0-9]+)[^0-9]+([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2.\\3" LibTorch_VERSION "${_libtorch_version}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY LibTorch_INCLUDE_DIR LibTorch_API_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "run tools/setup.sh, or set LibTorch_ROOT to a LibTorch of your own")

if(LibTorch_FOUND AND NOT TARGET LibTorch::cpu)
  find_package(Threads REQUIRED)
  foreach(lib IN ITEMS c10 torch_cpu c10_cuda torch_cuda)
    if(LibTorch_${lib}_LIBRARY)
      add_library(LibTorch::${lib} SHARED IMPORTED)
      set_target_properties(LibTorch::${lib} PROPERTIES
        IMPORTED_LOCATION "${LibTorch_${lib}_LIBRARY}"
        # after all other folders: the wheel carries its own fmt/ (12.x) and google/ headers, which must not win over the system's
        INTERFACE_COMPILE_OPTIONS "SHELL:-idirafter ${LibTorch_INCLUDE_DIR};SHELL:-idirafter ${LibTorch_API_INCLUDE_DIR}")
    endif()
  endforeach()
  add_library(LibTorch::cpu INTERFACE IMPORTED)
  set_target_properties(LibTorch::cpu PROPERTIES
    INTERFACE_LINK_LIBRARIES "LibTorch::torch_cpu;LibTorch::c10;Threads::Threads"
    INTERFACE_COMPILE_FEATURES cxx_std_20)
  # libcudart and libcupti, wanted by libtorch_cpu of a CUDA wheel: those unpacked beside torch/, else a toolkit's
  get_filename_component(_libtorch_nvidia "${LibTorch_INCLUDE_DIR}/../../nvidia/cu13/lib" ABSOLUTE)
  find_package(CUDAToolkit QUIET)
  if(EXISTS "${_libtorch_nvidia}")
    set_property(TARGET LibTorch::cpu PROPERTY INTERFACE_LINK_OPTIONS "-Wl,-rpath-link,${_libtorch_nvidia}")
  elseif(CUDAToolkit_FOUND)
    set_property(TARGET LibTorch::cpu PROPERTY INTERFACE_LINK_OPTIONS "-Wl,-rpath-link,${CUDAToolkit_LIBRARY_DIR}")
  endif()
  if(TARGET LibTorch::torch_cuda AND TARGET LibTorch::c10_cuda)
    add_library(LibTorch::cuda INTERFACE IMPORTED)
    # nothing in our code names a symbol of torch_cuda, its kernels register themselves: keep it against --as-needed
    set_target_properties(LibTorch::cuda PROPERTIES
      INTERFACE_LINK_LIBRARIES
        "-Wl,--push-state,--no-as-needed;LibTorch::torch_cuda;LibTorch::c10_cuda;-Wl,--pop-state;LibTorch::cpu"
      INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined")
  endif()
endif()
