#include "comm/mpi_communicator.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "comm/rank_fold.hpp"
#include "comm/row_block.hpp"

namespace goracs {
namespace {

constexpr int kTag = 7;

}  // namespace

void check_mpi(int status, std::string_view call) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(status, text.data(), &length);
  fail(ExitCode::kPeer, "{}: {}", call.substr(0, call.find('(')), std::string_view(text.data(), static_cast<std::size_t>(length)));
}

MpiCommunicator::MpiCommunicator(MPI_Comm parent, double deadline_seconds, std::int64_t largest_message)
    : deadline_seconds_(deadline_seconds), largest_message_(largest_message) {
  GORACS_MPI_TRY(MPI_Comm_dup(parent, &comm_));
  GORACS_MPI_TRY(MPI_Comm_dup(parent, &notes_comm_));
  GORACS_MPI_TRY(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));  // whose handler non-blocking collectives call
  GORACS_MPI_TRY(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN));
  GORACS_MPI_TRY(MPI_Comm_set_errhandler(notes_comm_, MPI_ERRORS_RETURN));
  GORACS_MPI_TRY(MPI_Comm_rank(comm_, &rank_));
  GORACS_MPI_TRY(MPI_Comm_size(comm_, &size_));
  MPI_Comm local = MPI_COMM_NULL;
  GORACS_MPI_TRY(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local));
  GORACS_MPI_TRY(MPI_Comm_rank(local, &local_rank_));
  GORACS_MPI_TRY(MPI_Comm_size(local, &local_size_));
  GORACS_MPI_TRY(MPI_Comm_free(&local));
}

MpiCommunicator::~MpiCommunicator() {
  if (in_wait_) return;  // a peer is lost: freeing would wait for it
  forget_delivered_notes();
  if (!sent_.empty()) new std::list<Sent>(std::move(sent_));  // MPI still reads them: they must outlive this object
  MPI_Comm_free(&notes_comm_);
  MPI_Comm_free(&comm_);
}

void MpiCommunicator::barrier(std::string_view phase) {
  MPI_Request request = MPI_REQUEST_NULL;
  GORACS_MPI_TRY(MPI_Ibarrier(comm_, &request));
  wait(request, phase);
}

// Every rank folds one block of the values, in rank order, and hands it to all: each value crosses the network twice whatever the ranks.
//   3 ranks, 6 values, sum:   rank 0 gets 0-1 of all, rank 1 gets 2-3, rank 2 gets 4-5; each folds its two; then all gather all
template <class T>
void MpiCommunicator::reduce(std::span<T> values, ReduceOp op) {
  constexpr std::size_t kSmall = 4096 / sizeof(T);
  if (values.size() <= kSmall) return reduce_small(values, op);
  const auto most =
      static_cast<std::size_t>(std::max<std::int64_t>(size_, largest_message_ / static_cast<std::int64_t>(sizeof(T)) / size_));
  for (std::size_t first = 0; first < values.size(); first += most)
    reduce_chunk(values.subspan(first, std::min(most, values.size() - first)), op);
}

template <class T>
void MpiCommunicator::reduce_small(std::span<T> values, ReduceOp op) {
  const std::vector<std::byte> bytes = gather_equal_bytes(std::as_bytes(values));
  std::vector<T> parts(values.size() * static_cast<std::size_t>(size_));
  if (parts.empty()) return;
  std::memcpy(parts.data(), bytes.data(), bytes.size());
  fold_ranks<T>(parts, values, op);
}

template <class T>
void MpiCommunicator::reduce_chunk(std::span<T> values, ReduceOp op) {
  const auto ranks = static_cast<std::size_t>(size_);
  const auto width = static_cast<int>(sizeof(T));
  std::vector<int> counts(ranks), offsets(ranks);
  for (int r = 0; r < size_; ++r) {
    const RowBlock block = RowBlock::of(static_cast<std::int64_t>(values.size()), r, size_);
    counts[static_cast<std::size_t>(r)] = static_cast<int>(block.size()) * width;
    offsets[static_cast<std::size_t>(r)] = static_cast<int>(block.begin) * width;
  }
  const int own = counts[static_cast<std::size_t>(rank_)];
  std::vector<int> own_counts(ranks, own), own_offsets(ranks);
  for (std::size_t r = 0; r < ranks; ++r) own_offsets[r] = static_cast<int>(r) * own;
  const std::size_t own_values = static_cast<std::size_t>(own) / sizeof(T);
  std::vector<T> parts(own_values * ranks), block(own_values);

  MPI_Request request = MPI_REQUEST_NULL;
  GORACS_MPI_TRY(MPI_Ialltoallv(values.data(), counts.data(), offsets.data(), MPI_BYTE, parts.data(), own_counts.data(), own_offsets.data(),
                                MPI_BYTE, comm_, &request));
  wait(request, "all-reduce");
  fold_ranks<T>(parts, block, op);
  GORACS_MPI_TRY(MPI_Iallgatherv(block.data(), own, MPI_BYTE, values.data(), counts.data(), offsets.data(), MPI_BYTE, comm_, &request));
  wait(request, "all-reduce");
  bytes_sent_ += static_cast<std::int64_t>(values.size() * sizeof(T)) - own + std::int64_t{own} * (size_ - 1);
}

void MpiCommunicator::all_reduce(std::span<double> values, ReduceOp op) { reduce(values, op); }
void MpiCommunicator::all_reduce(std::span<float> values, ReduceOp op) { reduce(values, op); }
void MpiCommunicator::all_reduce(std::span<std::int64_t> values, ReduceOp op) { reduce(values, op); }

void MpiCommunicator::broadcast_bytes(std::span<std::byte> values, int root) { broadcast_split(values, root, "broadcast"); }

void MpiCommunicator::broadcast_split(std::span<std::byte> values, int root, std::string_view phase) {
  const auto most = static_cast<std::size_t>(largest_message_);
  for (std::size_t first = 0; first < values.size(); first += most) {
    const std::span<std::byte> part = values.subspan(first, std::min(most, values.size() - first));
    MPI_Request request = MPI_REQUEST_NULL;
    GORACS_MPI_TRY(MPI_Ibcast(part.data(), static_cast<int>(part.size()), MPI_BYTE, root, comm_, &request));
    wait(request, phase);
    if (rank_ == root) bytes_sent_ += static_cast<std::int64_t>(part.size()) * (size_ - 1);
  }
}

void MpiCommunicator::send_bytes(std::span<const std::byte> values, int to) {
  const auto most = static_cast<std::size_t>(largest_message_);
  for (std::size_t first = 0; first == 0 || first < values.size(); first += most) {
    const auto part = values.subspan(first, std::min(most, values.size() - first));
    MPI_Request request = MPI_REQUEST_NULL;
    GORACS_MPI_TRY(MPI_Isend(part.data(), static_cast<int>(part.size()), MPI_BYTE, to, kTag, comm_, &request));
    wait(request, fmt::format("send to rank {}", to));
  }
  bytes_sent_ += static_cast<std::int64_t>(values.size());
}

void MpiCommunicator::receive_bytes(std::span<std::byte> values, int from) {
  const auto most = static_cast<std::size_t>(largest_message_);
  for (std::size_t first = 0; first == 0 || first < values.size(); first += most) {
    const auto part = values.subspan(first, std::min(most, values.size() - first));
    MPI_Request request = MPI_REQUEST_NULL;
    GORACS_MPI_TRY(MPI_Irecv(part.data(), static_cast<int>(part.size()), MPI_BYTE, from, kTag, comm_, &request));
    wait(request, fmt::format("receive from rank {}", from));
  }
}

std::vector<std::byte> MpiCommunicator::gather_equal_bytes(std::span<const std::byte> local) {
  std::vector<std::byte> all(local.size() * static_cast<std::size_t>(size_));
  if (static_cast<std::int64_t>(all.size()) > largest_message_) return gather_bytes(local, kEveryRank);
  const auto count = static_cast<int>(local.size());
  MPI_Request request = MPI_REQUEST_NULL;
  GORACS_MPI_TRY(MPI_Iallgather(local.data(), count, MPI_BYTE, all.data(), count, MPI_BYTE, comm_, &request));
  wait(request, "all-gather");
  bytes_sent_ += std::int64_t{count} * (size_ - 1);
  return all;
}

// A part longer than one message goes in pieces; a piece of rank r comes to r * part.size() behind that of rank 0.
//   parts of 5 bytes, messages of 2:   bytes 0-1 of every part, then 2-3, then 4
void MpiCommunicator::begin_gather(std::string phase, std::span<const std::byte> part, std::span<std::byte> all) {
  GORACS_CHECK_PEER(!in_wait_ && gather_.empty(), "a gather begins while another exchange is under way");
  GORACS_CHECK_PEER(all.size() == part.size() * static_cast<std::size_t>(size_), "{} ranks' parts of {} bytes into {} bytes", size_,
                    part.size(), all.size());
  gather_phase_ = std::move(phase);
  for (std::size_t first = 0; first < part.size(); first += static_cast<std::size_t>(largest_message_)) {
    const int count = static_cast<int>(std::min(part.size() - first, static_cast<std::size_t>(largest_message_)));
    MPI_Datatype bytes = MPI_DATATYPE_NULL, piece = MPI_DATATYPE_NULL;
    GORACS_MPI_TRY(MPI_Type_contiguous(count, MPI_BYTE, &bytes));
    GORACS_MPI_TRY(MPI_Type_create_resized(bytes, 0, static_cast<MPI_Aint>(part.size()), &piece));
    GORACS_MPI_TRY(MPI_Type_commit(&piece));
    gather_.push_back(MPI_REQUEST_NULL);
    GORACS_MPI_TRY(MPI_Iallgather(part.data() + first, count, MPI_BYTE, all.data() + first, 1, piece, comm_, &gather_.back()));
    GORACS_MPI_TRY(MPI_Type_free(&piece));  // lives until the exchange is done
    GORACS_MPI_TRY(MPI_Type_free(&bytes));
  }
  bytes_sent_ += static_cast<std::int64_t>(part.size()) * (size_ - 1);
}

void MpiCommunicator::advance_gather() {
  for (MPI_Request& request : gather_) {
    int done = 0;
    GORACS_MPI_TRY(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
  }
}

void MpiCommunicator::end_gather() {
  for (MPI_Request& request : gather_) wait(request, gather_phase_);
  gather_.clear();
}

std::vector<std::byte> MpiCommunicator::gather_bytes(std::span<const std::byte> local, int root) {
  const auto ranks = static_cast<std::size_t>(size_);
  std::int64_t length = static_cast<std::int64_t>(local.size());
  std::vector<std::int64_t> lengths(ranks);
  MPI_Request request = MPI_REQUEST_NULL;
  constexpr int kLengthBytes = sizeof(length);
  GORACS_MPI_TRY(MPI_Iallgather(&length, kLengthBytes, MPI_BYTE, lengths.data(), kLengthBytes, MPI_BYTE, comm_, &request));
  wait(request, "gather of lengths");

  std::int64_t total = 0;
  std::vector<int> counts(ranks), offsets(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    counts[r] = static_cast<int>(std::min(lengths[r], kLargestMessage));
    offsets[r] = static_cast<int>(std::min(total, kLargestMessage));
    total += lengths[r];
  }
  const bool receives = root == kEveryRank || root == rank_;
  std::vector<std::byte> all(receives ? static_cast<std::size_t>(total) : 0);
  if (total > largest_message_) {
    gather_each(local, root, lengths, all);
    return all;
  }
  const int own = counts[static_cast<std::size_t>(rank_)];
  if (root == kEveryRank)
    GORACS_MPI_TRY(MPI_Iallgatherv(local.data(), own, MPI_BYTE, all.data(), counts.data(), offsets.data(), MPI_BYTE, comm_, &request));
  else
    GORACS_MPI_TRY(MPI_Igatherv(local.data(), own, MPI_BYTE, all.data(), counts.data(), offsets.data(), MPI_BYTE, root, comm_, &request));
  wait(request, "gather");
  bytes_sent_ += root == kEveryRank ? length * (size_ - 1) : root == rank_ ? 0 : length;
  return all;
}

/// The parts one rank after the other, each split as needed.
void MpiCommunicator::gather_each(std::span<const std::byte> local, int root, const std::vector<std::int64_t>& lengths,
                                  std::span<std::byte> all) {
  std::size_t offset = 0;
  for (int r = 0; r < size_; ++r) {
    const auto length = static_cast<std::size_t>(lengths[static_cast<std::size_t>(r)]);
    const std::span<std::byte> part = all.empty() ? all : all.subspan(offset, length);
    if (r == rank_ && !part.empty()) std::copy(local.begin(), local.end(), part.begin());
    if (root == kEveryRank)
      broadcast_split(part, r, "gather");
    else if (rank_ == root && r != root && length > 0)
      receive_bytes(part, r);
    else if (rank_ == r && r != root && length > 0)
      send_bytes(local, root);
    offset += length;
  }
}

}  // namespace goracs
