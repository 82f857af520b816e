// The program on the emulated GPU and a fake of NCCL. $GORACS_FAIL_MALLOC=N: rank 1 has no GPU memory at its N-th cudaMalloc.
#include <cstdlib>
#include <string>

#include "commands/program.hpp"
#include "kernels/fakes/fake_calls.hpp"

int main(int argc, char** argv) {
  constexpr int kOutOfMemory = 2;
  const char* const nth = std::getenv("GORACS_FAIL_MALLOC");
  const char* const rank = std::getenv("OMPI_COMM_WORLD_RANK");
  if (nth != nullptr && rank != nullptr && std::string(rank) == "1") goracs::fakes::fail_call("cudaMalloc", std::atoi(nth), kOutOfMemory);
  return goracs::run_program(argc, argv);
}
