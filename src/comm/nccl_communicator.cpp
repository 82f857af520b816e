#include "comm/nccl_communicator.hpp"

#include <cuda_runtime_api.h>
#include <nccl.h>
#include <sched.h>

#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "comm/agreement.hpp"
#include "comm/rank_fold.hpp"
#include "comm/rank_gpu.hpp"
#include "comm/row_block.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/device_status.hpp"

namespace goracs {
namespace {

constexpr int kLooks = 1000;  ///< looks before the wait begins to sleep between them
constexpr std::chrono::microseconds kSleep{100};
constexpr const char* kGroup = "ncclGroupEnd";  ///< the call that puts a group on its stream

/// What a rank tells those that it meets: that it has what it needs for an exchange, or why not.
struct Readiness {
  std::int32_t code = 0;  ///< of the error; 0: none
  std::array<char, 252> text{};
};

template <class Prepare>
Readiness readiness(const Prepare& prepare) {
  Readiness own;
  try {
    prepare();
  } catch (const Error& error) {
    own.code = static_cast<std::int32_t>(error.code());
    std::string_view(error.what()).copy(own.text.data(), own.text.size() - 1);
  }
  return own;
}

void check(const Readiness& of_rank) {
  if (of_rank.code != 0) throw Error(static_cast<ExitCode>(of_rank.code), of_rank.text.data());
}

}  // namespace

/// NCCL's communicator, in which nothing waits without an end.
class NcclCommunicator::Link {
 public:
  Link(Communicator& host, double deadline_seconds) : rank_(host.rank()), deadline_seconds_(deadline_seconds) {
    ncclUniqueId id{};
    on_root(host, [&] { check(ncclGetUniqueId(&id), "the start", "ncclGetUniqueId"); });
    host.broadcast(std::span<ncclUniqueId>(&id, 1), 0);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    host.barrier("the start of NCCL");
    try {
      together(host,
               [&] { check(ncclCommInitRankConfig(&comm_, host.size(), id, rank_, &config), "the start", "ncclCommInitRankConfig"); });
    } catch (const Error&) {
      abort();  // what waits for a peer that has failed
      throw;
    }
    in_phase("the start", [&] {
      constexpr const char* kCall = "ncclCommInitRankConfig";
      wait("the start", kCall, [&] { return is_done("the start", kCall, cuda::stream()); });
    });
  }
  /// While an error is on its way a peer may be gone: what Finalize would wait for, Abort leaves.
  ~Link() {
    if (comm_ != nullptr)
      static_cast<void>(std::uncaught_exceptions() == 0 && is_finalised() ? ncclCommDestroy(comm_) : ncclCommAbort(comm_));
    if (beside_ != nullptr) GORACS_CUDA_TRY_NO_THROW(cudaStreamDestroy(beside_));
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  ncclComm_t comm() const noexcept { return comm_; }
  /// The stream of exchanges beside work.
  cudaStream_t beside() {
    if (beside_ == nullptr) GORACS_CUDA_TRY(cudaStreamCreateWithFlags(&beside_, cudaStreamNonBlocking));
    return beside_;
  }

  /// Runs what needs memory of the GPU; where there is none left, the error names rank and phase, too.
  template <class Work>
  void in_phase(std::string_view phase, const Work& work) const {
    GORACS_CHECK_PEER(!failed_, "'{}' after an exchange that failed", phase);
    try {
      work();
    } catch (const Error& error) {
      if (error.code() != ExitCode::kIo) throw;
      fail(error.code(), "rank {} in '{}': {}", rank_, phase, error.what());
    }
  }

  using Enqueue = std::function<ncclResult_t(const char*& failed)>;
  /// What `calls` puts on a stream, once NCCL takes it. It may name another call than `call` as the one that failed.
  void enqueue(std::string_view phase, const char* call, const Enqueue& calls) {
    wait(phase, call, [&] { return is_ready(phase, call); });
    const char* failed = call;
    const ncclResult_t result = calls(failed);
    check(result, phase, failed);
  }
  /// The same on our stream, until it is done.
  void run(std::string_view phase, const char* call, const Enqueue& calls) {
    enqueue(phase, call, calls);
    wait(phase, call, [&] { return is_done(phase, call, cuda::stream()); });
  }

  ncclResult_t queue_group(cudaStream_t stream, const std::byte* from, std::span<const Piece> sends, std::byte* to,
                           std::span<const Piece> receives, const char*& failed) const;

  /// Whether NCCL takes another call: not before the last one is through, though its work may go on.
  bool is_ready(std::string_view phase, const char* call) {
    GORACS_CHECK_PEER(!failed_, "'{}' after an exchange that failed", phase);
    ncclResult_t state = ncclSuccess;
    check(ncclCommGetAsyncError(comm_, &state), phase, "ncclCommGetAsyncError");
    check(state, phase, call);
    return state == ncclSuccess;
  }

  /// One look at the stream.
  bool is_done(std::string_view phase, const char* call, cudaStream_t stream) {
    if (!is_ready(phase, call)) return false;
    const cudaError_t work = cudaStreamQuery(stream);
    if (work == cudaSuccess) return true;
    if (work != cudaErrorNotReady) {
      abort();
      fail(ExitCode::kIo, "{}: cudaStreamQuery: {}", call, cudaGetErrorString(work));
    }
    return false;
  }

  /// Looks until it is so.
  template <class IsSo>
  void wait(std::string_view phase, const char* call, const IsSo& is_so) {
    const auto begin = std::chrono::steady_clock::now();
    for (int look = 0; !is_so(); ++look) {
      const double waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      if (waited > deadline_seconds_)
        give_up(fmt::format("rank {} waited {:.0f} s in '{}' for {} (run.deadline_seconds)", rank_, waited, phase, call));
      if (look < kLooks)
        sched_yield();
      else
        std::this_thread::sleep_for(kSleep);
    }
  }

  void abort() {
    failed_ = true;
    if (comm_ != nullptr) static_cast<void>(ncclCommAbort(std::exchange(comm_, nullptr)));
  }

  /// Staging memory of exchanges that are over.
  std::vector<cuda::DeviceArray<std::byte>> spent;

 private:
  void check(ncclResult_t result, std::string_view phase, const char* call) {
    if (result == ncclSuccess || result == ncclInProgress) return;
    const std::string detail = comm_ == nullptr ? "" : ncclGetLastError(comm_);
    give_up(fmt::format("rank {} in '{}': {}: {}{}{}", rank_, phase, call, ncclGetErrorString(result), detail.empty() ? "" : ": ", detail));
  }

  bool is_finalised() noexcept {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(deadline_seconds_);
    ncclResult_t state = ncclCommFinalize(comm_);
    while (state == ncclInProgress && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kSleep);
      if (ncclCommGetAsyncError(comm_, &state) != ncclSuccess) return false;
    }
    return state == ncclSuccess;
  }

  [[noreturn]] void give_up(const std::string& text) {
    abort();
    fail(ExitCode::kPeer, "{}", text);
  }

  ncclComm_t comm_ = nullptr;
  cudaStream_t beside_ = nullptr;
  int rank_;
  double deadline_seconds_;
  bool failed_ = false;
};

NcclCommunicator::NcclCommunicator(Communicator& host, double deadline_seconds) : host_(host) {
  take_own_gpu(host);
  link_ = std::make_unique<Link>(host, deadline_seconds);
}
NcclCommunicator::~NcclCommunicator() = default;

std::unique_ptr<Communicator> nccl_communicator(Communicator& host, double deadline_seconds) {
  return std::make_unique<NcclCommunicator>(host, deadline_seconds);
}

std::string nccl_version() {
  constexpr int kMajor = 10000, kMinor = 100;  // 2.30.7 is 23007
  int version = 0;
  return ncclGetVersion(&version) == ncclSuccess ? fmt::format("{}.{}.{}", version / kMajor, version % kMajor / kMinor, version % kMinor)
                                                 : "";
}

/// All pieces at once, in one group.
ncclResult_t NcclCommunicator::Link::queue_group(cudaStream_t stream, const std::byte* from, std::span<const Piece> sends, std::byte* to,
                                                 std::span<const Piece> receives, const char*& failed) const {
  ncclResult_t result = ncclSuccess;
  const auto is_well = [&] { return result == ncclSuccess || result == ncclInProgress; };
  const auto call = [&](const char* name, ncclResult_t answer) {
    result = answer;
    if (!is_well()) failed = name;
  };
  call("ncclGroupStart", ncclGroupStart());
  for (const Piece& piece : sends)
    if (piece.bytes > 0 && is_well()) call("ncclSend", ncclSend(from + piece.offset, piece.bytes, ncclInt8, piece.peer, comm_, stream));
  for (const Piece& piece : receives)
    if (piece.bytes > 0 && is_well()) call("ncclRecv", ncclRecv(to + piece.offset, piece.bytes, ncclInt8, piece.peer, comm_, stream));
  const ncclResult_t end = ncclGroupEnd();  // also of a group that failed
  return is_well() ? end : result;
}

void NcclCommunicator::check_nothing_pends(std::string_view phase) const {
  GORACS_CHECK_PEER(pending_ == 0, "'{}' while exchanges beside work are under way", phase);
}

/// Every rank prepares its part, and all meet. Who could not, tells the others: all throw its error, and no call of NCCL waits for it.
void NcclCommunicator::meet(std::string_view phase, const Prepare& prepare) {
  check_nothing_pends(phase);
  finish_gather(phase);
  together(host_, [&] { link_->in_phase(phase, prepare); }, [&] { host_.barrier(phase); });
}

/// The same of two.
void NcclCommunicator::meet_one(int peer, bool speaks_first, std::string_view phase, const Prepare& prepare) {
  check_nothing_pends(phase);
  GORACS_CHECK_PEER(!gather_, "'{}' while a gather of all is under way", phase);
  const Readiness own = readiness([&] { link_->in_phase(phase, prepare); });
  Readiness of_peer;
  if (speaks_first) host_.send(std::span<const Readiness>(&own, 1), peer);
  host_.receive(std::span<Readiness>(&of_peer, 1), peer);
  if (!speaks_first) host_.send(std::span<const Readiness>(&own, 1), peer);
  check(own);
  check(of_peer);
}

/// All pieces at once. The ranks concerned meet before.
void NcclCommunicator::exchange(std::string_view phase, const std::function<void(const Prepare&)>& meeting, std::span<const std::byte> from,
                                std::span<const Piece> sends, std::span<std::byte> to, std::span<const Piece> receives) {
  cuda::DeviceArray<std::byte> out, in;
  meeting([&] {
    out = cuda::DeviceArray<std::byte>(from);
    in = cuda::DeviceArray<std::byte>(static_cast<std::int64_t>(to.size()));
  });
  link_->in_phase(phase, [&] {
    link_->run(phase, kGroup,
               [&](const char*& failed) { return link_->queue_group(cuda::stream(), out.data(), sends, in.data(), receives, failed); });
    for (const Piece& piece : sends) bytes_sent_ += piece.peer == rank() ? 0 : static_cast<std::int64_t>(piece.bytes);
    if (!to.empty()) cuda::copy_to_host(to.data(), in.data(), to.size());
  });
}

// As over MPI: every rank folds one block of the values, in rank order, and hands it to all.
//   3 ranks, 6 values, sum:   rank 0 gets 0-1 of all, rank 1 gets 2-3, rank 2 gets 4-5; each folds its two; then all gather all
template <class T>
void NcclCommunicator::reduce(std::span<T> values, ReduceOp op) {
  const auto length = static_cast<std::int64_t>(values.size());
  const auto own = static_cast<std::size_t>(RowBlock::of(length, rank(), size()).size()) * sizeof(T);
  std::vector<Piece> sends, receives;
  std::vector<std::size_t> blocks;  // in bytes
  for (int r = 0; r < size(); ++r) {
    const RowBlock block = RowBlock::of(length, r, size());
    blocks.push_back(static_cast<std::size_t>(block.size()) * sizeof(T));
    sends.push_back({r, static_cast<std::size_t>(block.begin) * sizeof(T), blocks.back()});
    receives.push_back({r, static_cast<std::size_t>(r) * own, own});
  }
  std::vector<T> parts(own / sizeof(T) * static_cast<std::size_t>(size())), folded_block(own / sizeof(T));
  constexpr const char* kPhase = "all-reduce";
  exchange(
      kPhase, [&](const Prepare& prepare) { meet(kPhase, prepare); }, std::as_bytes(values), sends,
      std::as_writable_bytes(std::span<T>(parts)), receives);
  if (!folded_block.empty()) fold_ranks<T>(parts, folded_block, op);
  const std::vector<std::byte> all = gather_parts(std::as_bytes(std::span<const T>(folded_block)), blocks, kEveryRank);
  std::copy(all.begin(), all.end(), std::as_writable_bytes(values).begin());
}

void NcclCommunicator::all_reduce(std::span<double> values, ReduceOp op) { reduce(values, op); }
void NcclCommunicator::all_reduce(std::span<float> values, ReduceOp op) { reduce(values, op); }
void NcclCommunicator::all_reduce(std::span<std::int64_t> values, ReduceOp op) { reduce(values, op); }

void NcclCommunicator::broadcast_bytes(std::span<std::byte> values, int root) {
  cuda::DeviceArray<std::byte> device;
  meet("broadcast", [&] { device = cuda::DeviceArray<std::byte>(std::span<const std::byte>(values)); });
  if (values.empty()) return;
  link_->in_phase("broadcast", [&] {
    link_->run("broadcast", "ncclBroadcast", [&](const char*&) {
      return ncclBroadcast(device.data(), device.data(), values.size(), ncclInt8, root, link_->comm(), cuda::stream());
    });
    if (rank() == root) bytes_sent_ += static_cast<std::int64_t>(values.size()) * (size() - 1);
    cuda::copy_to_host(values.data(), device.data(), values.size());
  });
}

void NcclCommunicator::send_bytes(std::span<const std::byte> values, int to) {
  const std::string phase = fmt::format("send to rank {}", to);
  const auto meeting = [&](const Prepare& prepare) { meet_one(to, /*speaks_first=*/true, phase, prepare); };
  const Piece whole{to, 0, values.size()};
  exchange(phase, meeting, values, std::span(&whole, 1), {}, {});
}

void NcclCommunicator::receive_bytes(std::span<std::byte> values, int from) {
  const std::string phase = fmt::format("receive from rank {}", from);
  const auto meeting = [&](const Prepare& prepare) { meet_one(from, /*speaks_first=*/false, phase, prepare); };
  const Piece whole{from, 0, values.size()};
  exchange(phase, meeting, {}, {}, values, std::span(&whole, 1));
}

std::vector<std::byte> NcclCommunicator::gather_bytes(std::span<const std::byte> local, int root) {
  finish_gather("gather");
  const std::size_t own = local.size();
  return gather_parts(local, host_.all_gather(std::span<const std::size_t>(&own, 1)), root);
}

std::vector<std::byte> NcclCommunicator::gather_parts(std::span<const std::byte> local, const std::vector<std::size_t>& lengths, int root) {
  std::vector<Piece> sends, receives;
  std::size_t total = 0;
  for (int r = 0; r < size(); ++r) {
    const std::size_t length = lengths[static_cast<std::size_t>(r)];
    if (root == kEveryRank || root == r) sends.push_back({r, 0, local.size()});
    if (root == kEveryRank || root == rank()) {
      receives.push_back({r, total, length});
      total += length;
    }
  }
  std::vector<std::byte> all(total);
  exchange("gather", [&](const Prepare& prepare) { meet("gather", prepare); }, local, sends, all, receives);
  return all;
}

std::vector<std::byte> NcclCommunicator::gather_equal_bytes(std::span<const std::byte> local) {
  std::vector<std::byte> all(local.size() * static_cast<std::size_t>(size()));
  cuda::DeviceArray<std::byte> own, device;
  meet("all-gather", [&] {
    own = cuda::DeviceArray<std::byte>(local);
    device = cuda::DeviceArray<std::byte>(static_cast<std::int64_t>(all.size()));
  });
  if (all.empty()) return all;
  link_->in_phase("all-gather", [&] {
    link_->run("all-gather", "ncclAllGather", [&](const char*&) {
      return ncclAllGather(own.data(), device.data(), local.size(), ncclInt8, link_->comm(), cuda::stream());
    });
    bytes_sent_ += static_cast<std::int64_t>(local.size()) * (size() - 1);
    cuda::copy_to_host(all.data(), device.data(), all.size());
  });
  return all;
}

/// All begin it, which each learns from messages over the host beside its work; then it goes to NCCL, in the order in which they were begun.
class NcclCommunicator::Beside {
 public:
  /// prepare: what this rank needs for it; `enqueue` queues it on link.beside().
  Beside(NcclCommunicator& world, std::string phase, const char* call, const Prepare& prepare, Link::Enqueue enqueue)
      : world_(world), phase_(std::move(phase)), call_(call), enqueue_(std::move(enqueue)) {
    const Readiness ready = readiness([&] {
      world.link_->in_phase(phase_, [&] {
        prepare();
        world.link_->beside();
      });
    });
    const auto bytes = std::as_bytes(std::span<const Readiness>(&ready, 1));
    const auto ranks = static_cast<std::size_t>(world.size());
    meeting_ = world.host_.begin_exchange(phase_, std::vector(ranks, std::vector(bytes.begin(), bytes.end())),
                                          std::vector<std::size_t>(ranks, sizeof(Readiness)));
    world.begun_.push_back(this);
    ++world.beside_;
  }
  /// Unfinished because of an error: NCCL may still write to its memory.
  ~Beside() {
    std::erase(world_.begun_, this);
    if (state_ == State::kStarted) world_.link_->abort();
    if (--world_.beside_ == 0) world_.link_->spent.clear();
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  /// Staged for this one: until none is left, as cudaFree would wait for the others without a deadline.
  void keep(cuda::DeviceArray<std::byte> staged) { world_.link_->spent.push_back(std::move(staged)); }

  bool advance() {
    world_.start_those_met();
    if (state_ == State::kStarted)
      world_.link_->in_phase(phase_, [&] {
        if (world_.link_->is_done(phase_, call_, world_.link_->beside())) state_ = State::kOver;
      });
    return state_ == State::kOver;
  }
  void wait() {
    while (state_ == State::kBegun) world_.begun_.front()->start();
    world_.link_->wait(phase_, call_, [&] { return advance(); });
  }

  /// Whether start need not wait.
  bool can_start() { return meeting_->advance() && world_.link_->is_ready(phase_, call_); }
  /// The first of those begun: waits for the meeting and for NCCL to take it. Where a rank could not begin, it is over on all, with that error.
  void start() {
    world_.begun_.pop_front();
    state_ = State::kOver;
    for (const std::vector<std::byte>& bytes : meeting_->finish()) {
      Readiness of_rank;
      std::memcpy(&of_rank, bytes.data(), sizeof of_rank);
      if (of_rank.code != 0) throw AgreedError(static_cast<ExitCode>(of_rank.code), of_rank.text.data());
    }
    state_ = State::kStarted;
    world_.link_->enqueue(phase_, call_, enqueue_);
  }

 private:
  enum class State { kBegun, kStarted, kOver };
  NcclCommunicator& world_;
  std::string phase_;
  const char* call_;
  Link::Enqueue enqueue_;
  std::unique_ptr<PendingExchange> meeting_;
  State state_ = State::kBegun;
};

void NcclCommunicator::start_those_met() {
  while (!begun_.empty() && begun_.front()->can_start()) begun_.front()->start();
}

void NcclCommunicator::start_those_begun() {
  while (!begun_.empty()) begun_.front()->start();
}

/// Before another exchange of all, which comes after the gather on every rank. None waits in NCCL for one that is still elsewhere.
void NcclCommunicator::finish_gather(std::string_view phase) {
  if (!gather_) return;
  start_those_begun();
  host_.barrier(phase);
  gather_->wait();
}

void NcclCommunicator::barrier(std::string_view phase) {
  if (gather_) start_those_begun();
  host_.barrier(phase);
}

void NcclCommunicator::still_working() {
  host_.still_working();
  start_those_met();
}

class NcclCommunicator::Exchange final : public PendingExchange {
 public:
  Exchange(NcclCommunicator& world, std::string phase, std::vector<std::vector<std::byte>> parts, const std::vector<std::size_t>& lengths)
      : world_(world), phase_(std::move(phase)), own_(std::move(parts[static_cast<std::size_t>(world.rank())])) {
    std::vector<std::byte> out;
    std::size_t arrives = 0;
    for (int r = 0; r < world.size(); ++r) {
      const auto k = static_cast<std::size_t>(r);
      if (r == world.rank()) continue;
      sends_.push_back({r, out.size(), parts[k].size()});
      receives_.push_back({r, arrives, lengths[k]});
      out.insert(out.end(), parts[k].begin(), parts[k].end());
      arrives += lengths[k];
    }
    const Prepare prepare = [&] {
      out_ = cuda::DeviceArray<std::byte>(std::span<const std::byte>(out));
      in_ = cuda::DeviceArray<std::byte>(static_cast<std::int64_t>(arrives));
    };
    beside_ = std::make_unique<Beside>(world, phase_, kGroup, prepare, [this](const char*& failed) {
      for (const Piece& piece : sends_) world_.bytes_sent_ += static_cast<std::int64_t>(piece.bytes);
      Link& link = *world_.link_;
      return link.queue_group(link.beside(), out_.data(), sends_, in_.data(), receives_, failed);
    });
    ++world.pending_;
  }
  ~Exchange() override {
    --world_.pending_;
    beside_->keep(std::move(out_));
    beside_->keep(std::move(in_));
  }

  bool advance() override { return beside_->advance(); }

  std::vector<std::vector<std::byte>> finish() override {
    beside_->wait();
    std::vector<std::vector<std::byte>> arrived(static_cast<std::size_t>(world_.size()));
    arrived[static_cast<std::size_t>(world_.rank())] = std::move(own_);
    world_.link_->in_phase(phase_, [&] {
      for (const Piece& piece : receives_) {
        std::vector<std::byte>& part = arrived[static_cast<std::size_t>(piece.peer)];
        part.resize(piece.bytes);
        if (piece.bytes > 0) cuda::copy_to_host(part.data(), in_.data() + piece.offset, piece.bytes);
      }
    });
    return arrived;
  }

 private:
  NcclCommunicator& world_;
  std::string phase_;
  std::vector<std::byte> own_;
  std::vector<Piece> sends_, receives_;
  cuda::DeviceArray<std::byte> out_, in_;
  std::unique_ptr<Beside> beside_;
};

std::unique_ptr<PendingExchange> NcclCommunicator::begin_exchange(std::string phase, std::vector<std::vector<std::byte>> parts,
                                                                  std::vector<std::size_t> lengths) {
  return std::make_unique<Exchange>(*this, std::move(phase), std::move(parts), lengths);
}

void NcclCommunicator::begin_device_gather(std::string phase, std::span<const std::byte> part, std::span<std::byte> all) {
  check_nothing_pends(phase);
  GORACS_CHECK_PEER(!gather_, "'{}' while another gather is under way", phase);
  GORACS_CHECK_PEER(all.size() == part.size() * static_cast<std::size_t>(size()), "'{}': {} ranks' parts of {} bytes into {} bytes", phase,
                    size(), part.size(), all.size());
  gather_ = std::make_unique<Beside>(
      *this, std::move(phase), "ncclAllGather", [] {},
      [this, part, all](const char*&) {
        if (part.empty()) return ncclSuccess;
        bytes_sent_ += static_cast<std::int64_t>(part.size()) * (size() - 1);
        return ncclAllGather(part.data(), all.data(), part.size(), ncclInt8, link_->comm(), link_->beside());
      });
  start_those_met();
}

void NcclCommunicator::advance_gather() {
  if (gather_) gather_->advance();
}

void NcclCommunicator::end_gather() {
  const std::unique_ptr<Beside> gather = std::move(gather_);
  if (gather) gather->wait();
}

}  // namespace goracs
