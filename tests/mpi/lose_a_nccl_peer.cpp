// One rank of mpirun for peer_faults.py, over NCCL's communicator on the fakes: rank 1 gets lost in the way that the argument names, before an exchange
// or inside it, when all have met and NCCL is at work; the others say what they make of it.
//   lose_a_nccl_peer DEADLINE_SECONDS stopped|stopped_inside|killed_inside|stopped_beside|stopped_before_gather|stopped_in_gather
#include <signal.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

#include "comm/nccl_communicator.hpp"
#include "fake_nccl.hpp"
#include "kernels/device_memory.hpp"
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

/// Rank 1 does not begin it, or begins it and does not come back to it.
void device_gather(goracs::Communicator& ranks, const std::string& how) {
  const std::vector<int> values(1000, ranks.rank());
  const goracs::cuda::DeviceArray<int> own{std::span<const int>(values)};
  goracs::cuda::DeviceArray<int> all(1000 * static_cast<std::int64_t>(ranks.size()));
  if (ranks.rank() == 1 && how == "stopped_before_gather") raise(SIGSTOP);
  ranks.begin_device_gather("gather of layer 7", std::as_bytes(own.span()), std::as_writable_bytes(all.span()));
  if (ranks.rank() == 1 && how == "stopped_in_gather") raise(SIGSTOP);
  ranks.end_gather();
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
    if (how.ends_with("_gather")) device_gather(ranks, how);
    ranks.all_reduce(std::span<double>(values), goracs::ReduceOp::kSum);
  });
}
