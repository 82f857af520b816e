# Speed of the build (ccache, mold where there are any) and the warnings that every target of ours is compiled with.
find_program(GORACS_CCACHE ccache)
if(GORACS_CCACHE)
  # precompiled headers carry time stamps of their own: without this sloppiness nothing behind one is ever found again;
  # paths below the repository count as relative, so that another clone finds what this one compiled;
  # in depend mode it does not preprocess every file a second time when it has to compile
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
      "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 ${GORACS_CCACHE})
endif()
find_program(GORACS_MOLD mold)
if(GORACS_MOLD)
  # mold 1.10 lets RELRO begin a few bytes before its segment: where that begins on a page of its own, the loader cannot protect the page
  # before it and the program does not start (one in hundreds of programs, as its size will have it). And over some it never ends (planted_bugs_tsan
  # was one), unless every segment begins on a page of its own.
  add_link_options(-fuse-ld=mold -Wl,-z,norelro -Wl,-z,separate-loadable-segments)
endif()

add_library(goracs_warnings INTERFACE)
target_compile_options(goracs_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror
  -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)  # GCC 12 reports what std::string does inside (its bug 105651)
