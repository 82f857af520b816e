// One rank of mpirun for peer_faults.py, over NCCL's communicator on the fakes: rank 1 gets lost in the way that the argument names, before an exchange
// or inside it, when all have met and NCCL is at work; the others say what they make of it.
//   lose_a_nccl_peer DEADLINE_SECONDS stopped|stopped_inside|killed_inside
#include <signal.h>

#include <array>
#include <cstdlib>
#include <string>

#include "comm/nccl_communicator.hpp"
#include "fake_nccl.hpp"
#include "rank_of_faults.hpp"

namespace {

void get_lost(const std::string& how) {
  if (how == "stopped") raise(SIGSTOP);
  if (how == "stopped_inside") goracs::fakes::in_next_nccl_work([] { raise(SIGSTOP); });
  if (how == "killed_inside") goracs::fakes::in_next_nccl_work([] { raise(SIGKILL); });
}

}  // namespace

int main(int argc, char** argv) {
  return goracs::test::rank_of_faults(argc, argv, [](goracs::Communicator& host, const std::string& how, double deadline) {
    setenv("GORACS_FAKE_DEVICES", std::to_string(host.size()).c_str(), 1);
    goracs::NcclCommunicator nccl(host, deadline);
    goracs::Communicator& ranks = nccl;
    std::array<double, 3> values{1, 2, 3};
    ranks.all_reduce(std::span<double>(values), goracs::ReduceOp::kSum);
    if (ranks.rank() == 1) get_lost(how);
    ranks.all_reduce(std::span<double>(values), goracs::ReduceOp::kSum);
  });
}
