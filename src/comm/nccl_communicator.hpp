#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "comm/communicator.hpp"

namespace goracs {

/// The same ranks as those of another communicator, with one GPU each, over NCCL.
///
/// Goals: no NCCL call pends while a rank is at other work: all ranks meet over `host` before each one, where a peer that does not come is waited
///   for and named, and one that lacks memory for it tells the others. NCCL itself is never blocking: its calls are polled for errors until the deadline; then it is aborted, and the error names
///   rank, phase and call. Buffers of the device never go to MPI. What goes on beside work (begin_exchange, begin_device_gather) is on a stream of its
///   own, and goes to NCCL when all have met without waiting. NCCL gets its calls in one order on all ranks: another exchange within a gather waits for its
///   end first.
/// Non-goals: spans of device memory but for begin_device_gather's; those of the host are staged through the GPU.
/// Ruled out: NCCL's own reductions (their order is not ours to say).
class NcclCommunicator final : public Communicator {
 public:
  /// `host` must live on. Takes each rank's own GPU (rank_gpu.hpp). Collective. Errors: those of take_own_gpu; kPeer.
  NcclCommunicator(Communicator& host, double deadline_seconds = 60);
  ~NcclCommunicator() override;

  int rank() const noexcept override { return host_.rank(); }
  int size() const noexcept override { return host_.size(); }
  int local_rank() const noexcept override { return host_.local_rank(); }
  int local_size() const noexcept override { return host_.local_size(); }
  std::int64_t bytes_sent() const noexcept override { return bytes_sent_; }

  void barrier(std::string_view phase) override;
  using Communicator::all_reduce;
  void all_reduce(std::span<double> values, ReduceOp op) override;
  void all_reduce(std::span<float> values, ReduceOp op) override;
  void all_reduce(std::span<std::int64_t> values, ReduceOp op) override;
  void still_working() override;
  /// What is staged is freed when no exchange is under way any more: cudaFree would wait for them without a deadline.
  std::unique_ptr<PendingExchange> begin_exchange(std::string phase, std::vector<std::vector<std::byte>> parts,
                                                  std::vector<std::size_t> lengths) override;
  bool gathers_on_device() const noexcept override { return true; }
  void begin_device_gather(std::string phase, std::span<const std::byte> part, std::span<std::byte> all) override;
  void advance_gather() override;
  void end_gather() override;

 protected:
  void broadcast_bytes(std::span<std::byte> values, int root) override;
  void send_bytes(std::span<const std::byte> values, int to) override;
  void receive_bytes(std::span<std::byte> values, int from) override;
  std::vector<std::byte> gather_bytes(std::span<const std::byte> local, int root) override;
  std::vector<std::byte> gather_equal_bytes(std::span<const std::byte> local) override;

 private:
  class Link;
  class Beside;
  class Exchange;
  /// Bytes of a buffer that go to a rank or come from it.
  struct Piece {
    int peer;
    std::size_t offset, bytes;
  };
  using Prepare = std::function<void()>;
  void meet(std::string_view phase, const Prepare& prepare);
  void meet_one(int peer, bool speaks_first, std::string_view phase, const Prepare& prepare);
  template <class T>
  void reduce(std::span<T> values, ReduceOp op);
  void exchange(std::string_view phase, const std::function<void(const Prepare&)>& meeting, std::span<const std::byte> from,
                std::span<const Piece> sends, std::span<std::byte> to, std::span<const Piece> receives);
  std::vector<std::byte> gather_parts(std::span<const std::byte> local, const std::vector<std::size_t>& lengths, int root);

  void check_nothing_pends(std::string_view phase) const;
  void start_those_met();
  void start_those_begun();
  void finish_gather(std::string_view phase);

  Communicator& host_;
  std::unique_ptr<Link> link_;
  std::int64_t bytes_sent_ = 0;
  std::deque<Beside*> begun_;       ///< not yet started by NCCL, in the order in which all ranks begin them
  int beside_ = 0;                  ///< how many there are, started ones included
  int pending_ = 0;                 ///< of these: of begin_exchange
  std::unique_ptr<Beside> gather_;  ///< of begin_device_gather
};

/// The same; in a build without CUDA it throws NotCompiled.
std::unique_ptr<Communicator> nccl_communicator(Communicator& host, double deadline_seconds);

/// "2.30.7", of the library that is linked; empty in a build without CUDA. Needs no GPU.
std::string nccl_version();

}  // namespace goracs
