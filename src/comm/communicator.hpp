#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace goracs {

enum class ReduceOp { kSum, kMin, kMax };

/// A candidate row with its score; `row` is a global index.
struct ScoredRow {
  double score;
  std::int64_t row;
};

/// An exchange that goes on while this rank computes (Communicator::begin_exchange).
class PendingExchange {
 public:
  virtual ~PendingExchange() = default;
  PendingExchange(const PendingExchange&) = delete;
  PendingExchange& operator=(const PendingExchange&) = delete;

  /// Lets it go on; cheap, not collective. Returns whether it is done, and finish need not wait. Errors: kPeer.
  virtual bool advance() = 0;
  /// Waits for its end, once: what came from each rank. Errors: kPeer.
  virtual std::vector<std::vector<std::byte>> finish() = 0;

 protected:
  PendingExchange() = default;
};

/// The ranks that work on one thing together.
///
/// Goals: one interface for one process (`self`), MPI and NCCL, with one contract test; one rank is no special case anywhere above.
///   Spans, never raw counts; lengths above INT_MAX are split. Every wait goes through here: it polls for errors, names its phase when
///   a peer is late and ends the job (exit 6) after `run.deadline_seconds`.
/// Non-goals: topology; non-blocking calls, but for what goes on beside a forward or a backward pass.
/// Ruled out: std::vector<bool>, types with padding (every T is trivially copyable and sent as bytes).
///
/// Every method is collective over all ranks, called in the same order with the same sizes (but for all_gather and gather, whose spans
/// may differ in length), and throws Error(kPeer) when a peer fails.
class Communicator {
 public:
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  virtual int rank() const noexcept = 0;
  virtual int size() const noexcept = 0;
  bool is_root() const noexcept { return rank() == 0; }

  /// Returns when every rank has called it. `phase` is what the error names when one does not come.
  virtual void barrier(std::string_view phase) = 0;

  /// values[k] <- op over ranks of values[k], in place, the same on every rank. Floating-point sums are in rank order
  /// ((v0 + v1) + v2) ..., so equal on every rank, but they depend on the number of ranks: nothing that decides an index may use one.
  ///   rank 0: {1, 5}   rank 1: {2, 3}   rank 2: {4, 4}   --sum-->   {7, 12} on every rank
  virtual void all_reduce(std::span<double> values, ReduceOp op) = 0;
  virtual void all_reduce(std::span<float> values, ReduceOp op) = 0;
  virtual void all_reduce(std::span<std::int64_t> values, ReduceOp op) = 0;
  template <class T>
  T all_reduce(T value, ReduceOp op) {
    all_reduce(std::span<T>(&value, 1), op);
    return value;
  }

  /// The smallest (score, row) over all ranks; ties go to the lower row. A rank without a candidate gives {+inf, -1}.
  ///   rank 0: (0.31, 7)   rank 1: (0.29, 12)   rank 2: (0.29, 15)   ->   (0.29, 12) on every rank
  ScoredRow min_with_row(ScoredRow local);

  /// values of `root` on every rank.
  ///   root 1:   rank 0: {-}   rank 1: {3, 4}   rank 2: {-}   ->   {3, 4} on every rank
  template <class T>
  void broadcast(std::span<T> values, int root) {
    static_assert(std::is_trivially_copyable_v<T>);
    broadcast_bytes(std::as_writable_bytes(values), root);
  }
  /// The same for a vector whose length only root knows.
  template <class T>
  void broadcast(std::vector<T>& values, int root) {
    std::int64_t length = static_cast<std::int64_t>(values.size());
    broadcast(std::span<std::int64_t>(&length, 1), root);
    values.resize(static_cast<std::size_t>(length));
    broadcast(std::span<T>(values), root);
  }

  /// The spans of all ranks one after the other, in rank order, on every rank; spans may be empty or differ in length.
  ///   rank 0: {1}   rank 1: {}   rank 2: {2, 3}   ->   {1, 2, 3} on every rank
  template <class T>
  std::vector<T> all_gather(std::span<const T> local) {
    static_assert(std::is_trivially_copyable_v<T>);
    return gathered<T>(local, kEveryRank);
  }
  /// The same, on `root` alone (empty elsewhere).
  template <class T>
  std::vector<T> gather(std::span<const T> local, int root) {
    static_assert(std::is_trivially_copyable_v<T>);
    return gathered<T>(local, root);
  }

  /// An all_gather of parts of one length that may go on while this rank computes: rank r's `part` comes to all[r * part.size()]. Neither span may
  /// be touched before end_gather; one is under way at a time. Other exchanges may come in between, in one order on all ranks. `phase` is what errors
  /// name.
  ///   rank 0: {1, 2}   rank 1: {3, 4}   begin ... work, advance_gather, work ... end ->   {1, 2, 3, 4} on both
  /// How much of it goes on beside the work is the transport's: over MPI what advance_gather and other calls come to; elsewhere all is done when
  /// begin_gather returns.
  virtual void begin_gather(std::string phase, std::span<const std::byte> part, std::span<std::byte> all);
  /// Whether spans of device memory can be gathered where they lie.
  virtual bool gathers_on_device() const noexcept { return false; }
  /// The same gather of spans that lie in the memory of this rank's GPU, where gathers_on_device. Work that was queued on them is done before; the
  /// result is there for whatever is queued after end_gather. Exchanges that come in between are those of all ranks: no send, no receive.
  /// It goes on beside all work once every rank has begun it and knows that of the others, which other calls here and advance_gather find out.
  virtual void begin_device_gather(std::string phase, std::span<const std::byte> part, std::span<std::byte> all);
  /// Lets the gather go on; cheap, not collective. Errors: kPeer, or that of a rank which could not begin.
  virtual void advance_gather() {}
  virtual void end_gather() {}

  /// Begins an exchange in which parts[r] goes to rank r and lengths[r] bytes come from it. Several may be under way, begun and finished in one order
  /// on all ranks; no other exchange comes in between. `phase` is what errors name.
  ///   rank 0: parts {a, b}   rank 1: parts {c, d}   begin ... work, advance, work ... finish ->   rank 0: {a, c}   rank 1: {b, d}
  /// How much of it goes on beside the work is the transport's: over MPI what calls of advance come to, over NCCL all once every rank has begun; else
  /// it is finish that does it.
  virtual std::unique_ptr<PendingExchange> begin_exchange(std::string phase, std::vector<std::vector<std::byte>> parts,
                                                          std::vector<std::size_t> lengths);

  /// Point to point, blocking; the lengths agree. Both sides name the same pair.
  ///   send({7}, 2) on rank 0, receive(span of 1, 0) on rank 2
  template <class T>
  void send(std::span<const T> values, int to) {
    static_assert(std::is_trivially_copyable_v<T>);
    send_bytes(std::as_bytes(values), to);
  }
  template <class T>
  void receive(std::span<T> values, int from) {
    static_assert(std::is_trivially_copyable_v<T>);
    receive_bytes(std::as_writable_bytes(values), from);
  }

  /// Ranks that share this host's memory: the rank among them and how many they are.
  virtual int local_rank() const noexcept = 0;
  virtual int local_size() const noexcept = 0;

  /// Tells peers that wait for this rank that it is at work and not stuck; cheap, to be called every few seconds at least by work that may take
  /// longer than run.deadline_seconds. Not collective. Progress calls it.
  virtual void still_working() {}

  /// Bytes this rank has handed to the transport since it started; `select` prints the difference per exchange.
  virtual std::int64_t bytes_sent() const noexcept = 0;

 protected:
  Communicator() = default;
  static constexpr int kEveryRank = -1;
  virtual void broadcast_bytes(std::span<std::byte> values, int root) = 0;
  virtual void send_bytes(std::span<const std::byte> values, int to) = 0;
  virtual void receive_bytes(std::span<std::byte> values, int from) = 0;
  /// All ranks' bytes in rank order at `root` (kEveryRank: everywhere); local.size() may differ between ranks.
  virtual std::vector<std::byte> gather_bytes(std::span<const std::byte> local, int root) = 0;
  /// The same everywhere, for spans that have one length on all ranks: one exchange instead of two.
  virtual std::vector<std::byte> gather_equal_bytes(std::span<const std::byte> local) { return gather_bytes(local, kEveryRank); }

 private:
  class LateExchange;
  template <class T>
  std::vector<T> gathered(std::span<const T> local, int root);
};

template <class T>
std::vector<T> Communicator::gathered(std::span<const T> local, int root) {
  const std::vector<std::byte> bytes = gather_bytes(std::as_bytes(local), root);
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span<T>(values)).begin());
  return values;
}

}  // namespace goracs
