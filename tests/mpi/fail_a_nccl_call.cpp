// One rank of mpirun for nccl_call_faults.py: the N-th call of rank RANK on the fakes of NCCL and cudart fails.
//   fail_a_nccl_call DEADLINE_SECONDS RANK N      0: none fails; RANK prints its calls
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "comm/agreement.hpp"
#include "comm/world.hpp"
#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"

namespace {

constexpr std::size_t kSlice = 9;
constexpr int kFailed = 2;  // out of memory to cudart, a system error to NCCL

void exchange(goracs::Communicator& ranks) {
  const std::vector<double> own(static_cast<std::size_t>(ranks.rank()) + 1, 1);
  ranks.all_gather(std::span<const double>(own));
  std::vector<double> values{1, 2, 3};
  ranks.broadcast(std::span<double>(values), 0);
  ranks.min_with_row({0.5, ranks.rank()});
  const auto size = static_cast<std::size_t>(ranks.size());
  // memory that is there long before
  auto* const slice = static_cast<std::byte*>(goracs::fakes::allocate_device(kSlice));
  auto* const whole = static_cast<std::byte*>(goracs::fakes::allocate_device(kSlice * size));
  ranks.begin_device_gather("gather of layer 7", {slice, kSlice}, {whole, kSlice * size});
  ranks.advance_gather();
  ranks.broadcast(std::span<double>(values), 0);
  ranks.end_gather();
  std::vector<std::unique_ptr<goracs::PendingExchange>> beside_work;
  for (int k = 0; k < 2; ++k)
    beside_work.push_back(
        ranks.begin_exchange("beside work", std::vector(size, std::vector<std::byte>(9)), std::vector<std::size_t>(size, 9)));
  for (const auto& exchange : beside_work) exchange->finish();
  beside_work.clear();
  if (ranks.rank() == 0) ranks.send(std::span<const double>(values), 1);
  if (ranks.rank() == 1) ranks.receive(std::span<double>(values), 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const double deadline = std::atof(argv[1]);
  const int fails = std::atoi(argv[2]), nth = std::atoi(argv[3]);
  auto world = goracs::World::join(argc, argv);
  world.deadline(deadline);
  const int rank = world.communicator().rank();
  setenv("GORACS_FAKE_DEVICES", std::to_string(world.communicator().size()).c_str(), 1);
  try {
    if (rank == fails && nth > 0) goracs::fakes::fail_any_call(nth, kFailed);
    world.use_gpus(deadline);
    exchange(world.communicator());
    const int code = world.leave(goracs::ExitCode::kDone);
    if (rank == fails && nth == 0)
      for (const std::string& call : goracs::fakes::calls()) std::printf("call %s\n", call.c_str());
    return code;
  } catch (const goracs::AgreedError& error) {
    std::fprintf(stderr, "rank %d: %s\n", rank, error.what());
    return world.leave(error.code());
  } catch (const goracs::Error& error) {
    std::fprintf(stderr, "rank %d: %s\n", rank, error.what());
    return world.abandon(error.code());
  }
}
