#pragma once

#include <deque>
#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace goracs {

/// One process alone: rank 0 of 1. Nothing is waited for, and what it sends to itself comes back in order.
class SelfCommunicator final : public Communicator {
 public:
  int rank() const noexcept override { return 0; }
  int size() const noexcept override { return 1; }
  int local_rank() const noexcept override { return 0; }
  int local_size() const noexcept override { return 1; }
  std::int64_t bytes_sent() const noexcept override { return 0; }

  void barrier(std::string_view) override {}
  using Communicator::all_reduce;
  void all_reduce(std::span<double>, ReduceOp) override {}
  void all_reduce(std::span<float>, ReduceOp) override {}
  void all_reduce(std::span<std::int64_t>, ReduceOp) override {}
  /// Where it has taken a GPU.
  bool gathers_on_device() const noexcept override;
  void begin_device_gather(std::string phase, std::span<const std::byte> part, std::span<std::byte> all) override;
  void end_gather() override;

 protected:
  void broadcast_bytes(std::span<std::byte> values, int root) override;
  void send_bytes(std::span<const std::byte> values, int to) override;
  void receive_bytes(std::span<std::byte> values, int from) override;
  std::vector<std::byte> gather_bytes(std::span<const std::byte> local, int root) override;

 private:
  std::deque<std::vector<std::byte>> to_itself_;
  bool gathers_ = false;  ///< on the device
};

}  // namespace goracs
