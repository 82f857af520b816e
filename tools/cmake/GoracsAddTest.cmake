# goracs_add_test(NAME [SOURCES file...] [LINK target...] [RANKS 1 2 3] [LABELS label...] [TIMEOUT s] [TORCH] [PROCESSORS n] [ARGS ...])
# One GoogleTest program test_NAME; default source test_NAME.cpp. Without RANKS it runs once and never starts MPI; with RANKS it runs
# under mpirun for each count as NAME_ranks_R, and a failure on any rank fails the test (tests/support/mpi_main.cpp).
# goracs_add_test(NAME PROGRAM p [SOURCES file] ...): a part of the program of goracs_test_program(p), a test of its own all the same.
set(GORACS_MPIRUN_FLAGS --oversubscribe --bind-to none CACHE STRING "Flags of mpirun in the tests")
set(GORACS_TEST_ENVIRONMENT
  "OMPI_ALLOW_RUN_AS_ROOT=1" "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1" "OMP_WAIT_POLICY=passive" "OMPI_MCA_btl_vader_single_copy_mechanism=none"
  "GORACS_PROGRAM=${CMAKE_BINARY_DIR}/goracs" "GORACS_SOURCE_DIR=${CMAKE_SOURCE_DIR}")

# the Python of scripts that are tests (scikit-learn, POT, h5py); tools/setup.sh makes it
if(DEFINED ENV{GORACS_TEST_PYTHON})
  set(GORACS_TEST_PYTHON "$ENV{GORACS_TEST_PYTHON}" CACHE FILEPATH "Python of the tests")
elseif(DEFINED ENV{GORACS_CACHE_DIR})
  set(GORACS_TEST_PYTHON "$ENV{GORACS_CACHE_DIR}/venv-test/bin/python" CACHE FILEPATH "Python of the tests")
else()
  set(GORACS_TEST_PYTHON "${CMAKE_SOURCE_DIR}/.cache/venv-test/bin/python" CACHE FILEPATH "Python of the tests")
endif()

function(goracs_add_test name)
  cmake_parse_arguments(arg "TORCH" "PROGRAM;TIMEOUT;PROCESSORS" "SOURCES;LINK;RANKS;LABELS;ARGS" ${ARGN})
  if(NOT arg_SOURCES)
    set(arg_SOURCES test_${name}.cpp)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  if(arg_PROGRAM)
    target_sources(test_${arg_PROGRAM} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCES}")
    add_test(NAME ${name} COMMAND test_${arg_PROGRAM} --source=${folder}/${arg_SOURCES})
    goracs_test_properties(${name} LABELS ${folder} ${arg_LABELS} TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS})
    return()
  endif()
  set(torch)
  if(arg_TORCH)
    set(torch TORCH)
  endif()
  goracs_test_executable(test_${name} ${torch} LINK ${arg_LINK} SOURCES ${arg_SOURCES})
  if(arg_RANKS)
    target_link_libraries(test_${name} PRIVATE goracs_test_mpi_main)
    foreach(ranks IN LISTS arg_RANKS)
      add_test(NAME ${name}_ranks_${ranks}
               COMMAND ${MPIEXEC_EXECUTABLE} -n ${ranks} ${GORACS_MPIRUN_FLAGS} $<TARGET_FILE:test_${name}> ${arg_ARGS})
      goracs_test_properties(${name}_ranks_${ranks} LABELS ${folder} ${arg_LABELS} TIMEOUT ${arg_TIMEOUT} PROCESSORS 2)
    endforeach()
  else()
    target_link_libraries(test_${name} PRIVATE GTest::gtest_main)
    add_test(NAME ${name} COMMAND test_${name} ${arg_ARGS})
    goracs_test_properties(${name} LABELS ${folder} ${arg_LABELS} TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS})
  endif()
endfunction()

# goracs_test_program(NAME [LINK target...] [TORCH]): the program test_NAME of several goracs_add_test(... PROGRAM NAME), whose sources are compiled
# several at a time as a layer's are: seven sources of Torch's take little more than one. Its main chooses a source's tests
# (tests/support/source_main.cpp).
function(goracs_test_program name)
  cmake_parse_arguments(arg "TORCH" "" "LINK" ${ARGN})
  set(torch)
  if(arg_TORCH)
    set(torch TORCH)
  endif()
  goracs_test_executable(test_${name} ${torch} LINK ${arg_LINK} goracs_test_source_main)
  set_target_properties(test_${name} PROPERTIES UNITY_BUILD ${GORACS_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

function(goracs_test_executable program)
  cmake_parse_arguments(arg "TORCH" "" "SOURCES;LINK" ${ARGN})
  add_executable(${program} ${arg_SOURCES})
  target_link_libraries(${program} PRIVATE goracs_warnings goracs_test_support ${arg_LINK})
  target_compile_options(${program} PRIVATE $<$<CONFIG:Release>:-O1>)  # -O3 costs half as much again to compile
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  if(arg_TORCH)
    target_link_libraries(${program} PRIVATE LibTorch::cpu)
    goracs_torch_headers(${program})
    target_compile_options(${program} PRIVATE ${OpenMP_CXX_FLAGS})
  else()
    goracs_precompiled(${program} TESTS)
  endif()
endfunction()

# goracs_add_script_test(NAME COMMAND ... [LABELS ...] [TIMEOUT s] [PROCESSORS n]): a test that is a script or a run of the program.
function(goracs_add_script_test name)
  cmake_parse_arguments(arg "" "TIMEOUT;PROCESSORS" "COMMAND;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  goracs_test_properties(${name} LABELS ${folder} ${arg_LABELS} TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS})
endfunction()

function(goracs_test_properties test)
  cmake_parse_arguments(arg "" "TIMEOUT;PROCESSORS" "LABELS" ${ARGN})
  if(NOT arg_PROCESSORS)
    set(arg_PROCESSORS 1)
  endif()
  # the watchdog of tests with RANKS wants to know the time limit
  set_tests_properties(${test} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS}
                       ENVIRONMENT "${GORACS_TEST_ENVIRONMENT};GORACS_TEST_TIMEOUT=${arg_TIMEOUT}")
endfunction()

# goracs_add_build_test(TARGET): the custom target TARGET, for add_dependencies, is no part of `all`; a test of the name build_TARGET builds it.
# Tests with FIXTURES_REQUIRED TARGET run behind that one. For instrumented builds that nobody but their tests needs.
function(goracs_add_build_test target)
  add_custom_target(${target})
  add_test(NAME build_${target} COMMAND "${CMAKE_COMMAND}" --build "${CMAKE_BINARY_DIR}" --target ${target})
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  goracs_test_properties(build_${target} LABELS ${folder} build TIMEOUT 900 PROCESSORS 2)
  set_tests_properties(build_${target} PROPERTIES FIXTURES_SETUP ${target} RESOURCE_LOCK build_folder)
endfunction()
