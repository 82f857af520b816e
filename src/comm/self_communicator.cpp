#include "comm/self_communicator.hpp"

#include <utility>

#include "base/error.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/gpu.hpp"

namespace goracs {
namespace {

void check_peer(int rank) { GORACS_CHECK_PEER(rank <= 0, "rank {} was named, but there is only rank 0", rank); }

}  // namespace

bool SelfCommunicator::gathers_on_device() const noexcept { return cuda::in_use(); }

void SelfCommunicator::begin_device_gather(std::string phase, std::span<const std::byte> part, std::span<std::byte> all) {
  if (!gathers_on_device()) Communicator::begin_device_gather(phase, part, all);  // refuses
  GORACS_CHECK_PEER(!gathers_, "'{}' while another gather is under way", phase);
  GORACS_CHECK_PEER(part.size() == all.size(), "'{}': {} bytes into {} bytes", phase, part.size(), all.size());
  gathers_ = true;
  if (!part.empty()) cuda::copy_rows(all.data(), all.size(), part.data(), part.size(), part.size(), 1);
}

void SelfCommunicator::end_gather() {
  if (std::exchange(gathers_, false)) cuda::synchronise();
}

void SelfCommunicator::broadcast_bytes(std::span<std::byte>, int root) { check_peer(root); }

void SelfCommunicator::send_bytes(std::span<const std::byte> values, int to) {
  check_peer(to);
  to_itself_.emplace_back(values.begin(), values.end());
}

void SelfCommunicator::receive_bytes(std::span<std::byte> values, int from) {
  check_peer(from);
  GORACS_CHECK_PEER(!to_itself_.empty(), "rank 0 waits for a message from itself that was never sent");
  GORACS_CHECK_PEER(to_itself_.front().size() == values.size(), "rank 0 got {} bytes from itself, expected {}", to_itself_.front().size(),
                    values.size());
  std::copy(to_itself_.front().begin(), to_itself_.front().end(), values.begin());
  to_itself_.pop_front();
}

std::vector<std::byte> SelfCommunicator::gather_bytes(std::span<const std::byte> local, int root) {
  check_peer(root);
  return {local.begin(), local.end()};
}

}  // namespace goracs
