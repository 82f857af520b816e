# goracs_git.hpp: version and commit, looked up at each build and rewritten only when they have changed. Included by the project it adds the
# target goracs_git; run as a script (-P) it writes the header.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  add_custom_target(goracs_git
    COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DOUTPUT=${CMAKE_BINARY_DIR}/git/goracs_git.hpp
            -P ${CMAKE_CURRENT_LIST_FILE}
    BYPRODUCTS "${CMAKE_BINARY_DIR}/git/goracs_git.hpp" VERBATIM)
  function(goracs_version target)
    add_dependencies(${target} goracs_git)
    target_include_directories(${target} PRIVATE "${CMAKE_BINARY_DIR}/git")
  endfunction()
  return()
endif()

find_program(GIT git)
set(commit unknown)
set(dirty false)
if(GIT)
  execute_process(COMMAND ${GIT} rev-parse HEAD WORKING_DIRECTORY "${SOURCE_DIR}" RESULT_VARIABLE status OUTPUT_VARIABLE found
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(status EQUAL 0)
    set(commit "${found}")
    execute_process(COMMAND ${GIT} diff --quiet HEAD WORKING_DIRECTORY "${SOURCE_DIR}" RESULT_VARIABLE differs OUTPUT_QUIET ERROR_QUIET)
    if(NOT differs EQUAL 0)
      set(dirty true)
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define GORACS_VERSION \"${VERSION}\"\n#define GORACS_GIT_COMMIT \"${commit}\"\n#define GORACS_GIT_DIRTY ${dirty}\n")
