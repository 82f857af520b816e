// One rank of mpirun for peer_faults.py, over NCCL's communicator on the fakes: rank 1 gets lost in the way that the argument names, before an exchange
// or inside it, when all have met and NCCL is at work; the others say what they make of it.
//   lose_a_nccl_peer DEADLINE_SECONDS stopped|stopped_inside|killed_inside|stopped_beside
#include <signal.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

#include "comm/nccl_communicator.hpp"
#include "fake_nccl.hpp"
#include "rank_of_faults.hpp"

namespace {

void get_lost(const std::string& how) {
  if (how == "stopped") raise(SIGSTOP);
  if (how == "stopped_inside") goracs::fakes::in_next_nccl_work([] { raise(SIGSTOP); });
  if (how == "killed_inside") goracs::fakes::in_next_nccl_work([] { raise(SIGKILL); });
}

/// Rank 1 begins it and does not come back to it.
void exchange_beside_work(goracs::Communicator& ranks) {
  const auto size = static_cast<std::size_t>(ranks.size());
  const auto exchange =
      ranks.begin_exchange("beside work", std::vector(size, std::vector<std::byte>(9)), std::vector<std::size_t>(size, 9));
  if (ranks.rank() == 1) raise(SIGSTOP);
  exchange->finish();
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
    if (how == "stopped_beside") exchange_beside_work(ranks);
    ranks.all_reduce(std::span<double>(values), goracs::ReduceOp::kSum);
  });
}
