#pragma once

#include <mpi.h>

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "comm/communicator.hpp"

namespace goracs {

/// Throws Error(kPeer) with MPI's own words when a call failed.
void check_mpi(int status, std::string_view call);
#define GORACS_MPI_TRY(call) ::goracs::check_mpi(call, #call)

/// The ranks of an MPI communicator.
///
/// Goals: no wait without an end. All calls are non-blocking and polled; a rank that waits longer than the deadline asks its peers what they do,
///   and ends with an error that names those that do not answer. A peer that is at work (`still_working`) keeps the others waiting.
///   After an error the communicator takes no further call, and the process should end: MPI may still hold the caller's buffers.
/// Non-goals: overlap with work, but for begin_gather's and begin_exchange's; device memory.
/// Ruled out: MPI's own floating-point reductions (their order is not ours to say); MPI_THREAD_MULTIPLE and a helper thread (it would answer
///   for a main thread that is stuck).
class MpiCommunicator final : public Communicator {
 public:
  static constexpr std::int64_t kLargestMessage = std::int64_t{1} << 30;  ///< bytes of one call, below INT_MAX

  /// Duplicates `parent`. Longer messages than `largest_message` bytes are split (tests make it small).
  explicit MpiCommunicator(MPI_Comm parent, double deadline_seconds = 60, std::int64_t largest_message = kLargestMessage);
  ~MpiCommunicator() override;

  int rank() const noexcept override { return rank_; }
  int size() const noexcept override { return size_; }
  int local_rank() const noexcept override { return local_rank_; }
  int local_size() const noexcept override { return local_size_; }
  std::int64_t bytes_sent() const noexcept override { return bytes_sent_; }
  void deadline(double seconds) noexcept { deadline_seconds_ = seconds; }

  void barrier(std::string_view phase) override;
  using Communicator::all_reduce;
  void all_reduce(std::span<double> values, ReduceOp op) override;
  void all_reduce(std::span<float> values, ReduceOp op) override;
  void all_reduce(std::span<std::int64_t> values, ReduceOp op) override;
  void still_working() override;
  /// The gather goes on inside MPI's calls only: those of advance_gather, of the wait for it, and of any other exchange.
  void begin_gather(std::string phase, std::span<const std::byte> part, std::span<std::byte> all) override;
  void advance_gather() override;
  void end_gather() override;
  /// Goes on inside MPI's calls only, as the gather does.
  std::unique_ptr<PendingExchange> begin_exchange(std::string phase, std::vector<std::vector<std::byte>> parts,
                                                  std::vector<std::size_t> lengths) override;

 protected:
  void broadcast_bytes(std::span<std::byte> values, int root) override;
  void send_bytes(std::span<const std::byte> values, int to) override;
  void receive_bytes(std::span<std::byte> values, int from) override;
  std::vector<std::byte> gather_bytes(std::span<const std::byte> local, int root) override;
  std::vector<std::byte> gather_equal_bytes(std::span<const std::byte> local) override;

 private:
  class Exchange;
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kPhaseLength = 48;

  /// What ranks tell each other beside their work: a question, or the answer to one.
  struct Note {
    enum class Kind : std::int32_t { kQuestion, kWaiting, kWorking } kind;
    std::int32_t unused = 0;
    std::int64_t waits;  ///< how many it has begun: differ when ranks have lost step
    char phase[kPhaseLength];
  };
  struct Sent {
    Note note;
    MPI_Request request;
  };
  /// What is known of the peers in one wait. Its seconds are those in which this rank itself was there to listen: what it sleeps through on a
  /// busy machine, or stopped, is no silence of its peers.
  struct Peers {
    double listened = 0, last_working = 0;
    std::vector<double> heard;  ///< when each has last answered
    std::vector<Note> notes;    ///< what
  };

  template <class T>
  void reduce(std::span<T> values, ReduceOp op);
  template <class T>
  void reduce_small(std::span<T> values, ReduceOp op);
  template <class T>
  void reduce_chunk(std::span<T> values, ReduceOp op);
  void gather_each(std::span<const std::byte> local, int root, const std::vector<std::int64_t>& lengths, std::span<std::byte> all);
  void broadcast_split(std::span<std::byte> values, int root, std::string_view phase);

  void wait(MPI_Request& request, std::string_view phase);
  void wait_long(MPI_Request& request, std::string_view phase);
  void forget_delivered_notes();
  void tell(int to, Note::Kind kind, std::string_view phase);
  void answer(Note::Kind own, std::string_view phase, Peers* peers);
  [[noreturn]] void give_up(const Peers& peers, std::string_view phase, double seconds) const;

  MPI_Comm comm_ = MPI_COMM_NULL, notes_comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
  double deadline_seconds_;
  std::int64_t largest_message_, bytes_sent_ = 0, waits_ = 0;
  bool in_wait_ = false;
  std::list<Sent> sent_;
  std::vector<MPI_Request> gather_;  ///< of begin_gather
  std::string gather_phase_;
  Clock::time_point last_answer_ = Clock::now();
};

}  // namespace goracs
