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
///   rank, phase and call. Buffers of the device never go to MPI. An exchange beside work (begin_exchange) is on a stream of its own, and begins when
///   all have met without waiting.
/// Non-goals: spans of device memory; those of the host are staged through the GPU (the exchange of what is there already comes with its first
///   caller).
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

  void barrier(std::string_view phase) override { host_.barrier(phase); }
  using Communicator::all_reduce;
  void all_reduce(std::span<double> values, ReduceOp op) override;
  void all_reduce(std::span<float> values, ReduceOp op) override;
  void all_reduce(std::span<std::int64_t> values, ReduceOp op) override;
  void still_working() override { host_.still_working(); }
  /// What is staged is freed when no exchange is under way any more: cudaFree would wait for them without a deadline.
  std::unique_ptr<PendingExchange> begin_exchange(std::string phase, std::vector<std::vector<std::byte>> parts,
                                                  std::vector<std::size_t> lengths) override;

 protected:
  void broadcast_bytes(std::span<std::byte> values, int root) override;
  void send_bytes(std::span<const std::byte> values, int to) override;
  void receive_bytes(std::span<std::byte> values, int from) override;
  std::vector<std::byte> gather_bytes(std::span<const std::byte> local, int root) override;
  std::vector<std::byte> gather_equal_bytes(std::span<const std::byte> local) override;

 private:
  class Link;
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

  Communicator& host_;
  std::unique_ptr<Link> link_;
  std::int64_t bytes_sent_ = 0;
  std::deque<Exchange*> begun_;  ///< not yet started by NCCL, in the order in which all ranks begin them
  int pending_ = 0;              ///< begun and not finished
};

/// The same; in a build without CUDA it throws NotCompiled.
std::unique_ptr<Communicator> nccl_communicator(Communicator& host, double deadline_seconds);

/// "2.30.7", of the library that is linked; empty in a build without CUDA. Needs no GPU.
std::string nccl_version();

}  // namespace goracs
