// The program on the emulated GPU, a device of LibTorch's that computes there, and a fake of NCCL.
//   $GORACS_FAIL_CALL="ncclSend 40 1": rank 1's 40th call of ncclSend fails; "tensor" is an allocation of LibTorch's
//   $GORACS_COUNT_CALLS: rank 1 says at the end how often it made each: "calls ncclSend 217"
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "commands/program.hpp"
#include "kernels/fakes/fake_calls.hpp"
#include "model/device_of_gpu.hpp"
#include "placement/unreachable_device.hpp"

at::Device goracs::device_of_gpu() { return test::unreachable_device(); }

namespace {

void plan_failure(const std::string& own_rank) {
  constexpr int kOutOfMemory = 2, kSystemError = 2;  // of CUDA's, of NCCL's
  static_assert(kOutOfMemory == kSystemError);
  const char* const planned = std::getenv("GORACS_FAIL_CALL");
  if (planned == nullptr) return;
  std::istringstream words(planned);
  std::string call, rank;
  int nth = 0;
  words >> call >> nth >> rank;
  if (rank == own_rank) goracs::fakes::fail_call(call, nth, kOutOfMemory);
}

void print_calls() {
  std::map<std::string, int> times;
  for (const std::string& call : goracs::fakes::calls()) ++times[call];
  for (const auto& [call, count] : times) std::fprintf(stderr, "calls %s %d\n", call.c_str(), count);
}

}  // namespace

int main(int argc, char** argv) {
  const char* const rank = std::getenv("OMPI_COMM_WORLD_RANK");
  const std::string own_rank = rank == nullptr ? "0" : rank;
  plan_failure(own_rank);
  const int code = goracs::run_program(argc, argv);
  if (own_rank == "1" && std::getenv("GORACS_COUNT_CALLS") != nullptr) print_calls();
  return code;
}
