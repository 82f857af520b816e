// One rank of mpirun for peer_faults.py: rank 1 gets lost in the way that the argument names, the others say what they make of it.
//   lose_a_peer DEADLINE_SECONDS absent|killed|stopped|elsewhere|out_of_step|exits|works|stopped_at_gather|fails_at_gather
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "rank_of_faults.hpp"

namespace {

using goracs::Communicator;

constexpr double kLongFactor = 30;  // of the deadline: longer than anybody waits

void sleep_for(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

void get_lost(Communicator& world, const std::string& how, double deadline) {
  if (how == "absent") sleep_for(kLongFactor * deadline);
  if (how == "killed") raise(SIGKILL);
  if (how == "stopped" || how == "stopped_at_gather") raise(SIGSTOP);
  if (how == "fails_at_gather") goracs::fail(goracs::ExitCode::kNumeric, "a loss is not finite");
  if (how == "exits") _exit(0);
  double sum = 1;
  if (how == "elsewhere") world.receive(std::span<double>(&sum, 1), 0);  // which nobody sends
  if (how == "out_of_step") {                                            // a barrier here, a sum there
    world.all_reduce(std::span<double>(&sum, 1), goracs::ReduceOp::kSum);
  }
  if (how == "works")
    for (double waited = 0; waited < 3 * deadline; waited += deadline / 50) {
      sleep_for(deadline / 50);
      world.still_working();
    }
}

void gather(Communicator& world) {
  constexpr std::size_t kBytes = 1 << 20;  // more than MPI sends before the other side asks
  const std::vector<std::byte> part(kBytes);
  std::vector<std::byte> all(kBytes * static_cast<std::size_t>(world.size()));
  world.begin_gather("gather of layer 7", part, all);
  world.advance_gather();
  world.end_gather();
}

}  // namespace

int main(int argc, char** argv) {
  return goracs::test::rank_of_faults(argc, argv, [](Communicator& ranks, const std::string& how, double deadline) {
    if (ranks.rank() == 1) get_lost(ranks, how, deadline);
    how.ends_with("_at_gather") ? gather(ranks) : ranks.barrier("the middle");
  });
}
