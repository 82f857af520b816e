#include "fake_nccl.hpp"

#include <mpi.h>
#include <nccl.h>

#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/emulator/device_queue.hpp"
#include "kernels/emulator/scheduler.hpp"
#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"

// NOLINTBEGIN(readability-identifier-naming): NCCL's names
struct ncclComm {
  MPI_Comm mpi = MPI_COMM_NULL;
  int rank = 0, size = 1;
  int unfinished = 0;  ///< looks at its state that still say ncclInProgress
  std::shared_ptr<bool> aborted = std::make_shared<bool>(false);
};
// NOLINTEND(readability-identifier-naming)

namespace {

using goracs::emulator::Violation;

struct Message {
  void* address;
  std::size_t bytes;
  int peer;
  bool sends;
};

/// Messages under way. MPI sees copies alone: it may still touch them when nobody waits for them any more.
struct Transfer {
  std::vector<Message> messages;
  std::vector<std::vector<char>> copies;
  std::vector<MPI_Request> requests;
  std::shared_ptr<bool> aborted;  ///< of its communicator
};
std::vector<std::shared_ptr<Transfer>> given_up;  // of aborted communicators

int group_depth = 0;
std::vector<Message> group;
ncclComm_t group_comm = nullptr;
cudaStream_t group_stream = nullptr;
bool stalls = false;  ///< the next work
std::function<void()> happens_in_next;

ncclResult_t begin(const char* call) { return static_cast<ncclResult_t>(goracs::fakes::begin_call(call)); }

void check_device(const void* address, std::size_t bytes, const char* call) {
  if (!goracs::fakes::is_device(address, bytes)) throw Violation(std::string(call) + ": not within one allocation of the device");
}

void start(Transfer& transfer, MPI_Comm mpi) {
  for (const Message& message : transfer.messages) {
    std::vector<char>& copy = transfer.copies.emplace_back(message.bytes);
    const auto count = static_cast<int>(message.bytes);
    transfer.requests.emplace_back();
    if (message.sends) {
      std::memcpy(copy.data(), message.address, message.bytes);
      MPI_Isend(copy.data(), count, MPI_BYTE, message.peer, 0, mpi, &transfer.requests.back());
    } else {
      MPI_Irecv(copy.data(), count, MPI_BYTE, message.peer, 0, mpi, &transfer.requests.back());
    }
  }
}

/// One look at what is under way; the stream comes back to it until it is done.
void look(const std::shared_ptr<Transfer>& transfer, cudaStream_t stream) {
  if (*transfer->aborted) {
    given_up.push_back(transfer);
    return;
  }
  int done = 0;
  if (!transfer->messages.empty())
    MPI_Testall(static_cast<int>(transfer->requests.size()), transfer->requests.data(), &done, MPI_STATUSES_IGNORE);
  if (done == 0) {
    goracs::emulator::enqueue(stream, "nccl work", [transfer, stream] { look(transfer, stream); });
    return;
  }
  for (std::size_t m = 0; m < transfer->messages.size(); ++m)
    if (const Message& message = transfer->messages[m]; !message.sends)
      std::memcpy(message.address, transfer->copies[m].data(), message.bytes);
}

/// Puts the messages on the stream; a communicator that does not block answers that it is at it.
ncclResult_t enqueue(ncclComm_t comm, cudaStream_t stream, std::vector<Message> messages) {
  comm->unfinished = 1;
  const auto transfer = std::make_shared<Transfer>();
  transfer->aborted = comm->aborted;
  if (!std::exchange(stalls, false)) transfer->messages = std::move(messages);  // none: never done
  goracs::emulator::enqueue(stream, "nccl work", [transfer, stream, mpi = comm->mpi] {
    if (const auto happens = std::exchange(happens_in_next, nullptr)) happens();
    start(*transfer, mpi);
    look(transfer, stream);
  });
  return ncclInProgress;
}

ncclResult_t add_to_group(const Message& message, ncclComm_t comm, cudaStream_t stream, const char* call) {
  check_device(message.address, message.bytes, call);
  if (message.peer < 0 || message.peer >= comm->size) return ncclInvalidArgument;
  if (const ncclResult_t result = begin(call); result != ncclSuccess) return result;
  if (comm->unfinished > 0) return ncclInvalidArgument;  // as the real one: the last call is still at it
  if (group_depth == 0) throw Violation(std::string(call) + " outside a group");
  group.push_back(message);
  group_comm = comm;
  group_stream = stream;
  return ncclSuccess;
}

}  // namespace

void goracs::fakes::stall_next_nccl_work() { stalls = true; }
void goracs::fakes::in_next_nccl_work(std::function<void()> happens) { happens_in_next = std::move(happens); }

// NOLINTBEGIN(readability-identifier-naming): NCCL's names
extern "C" {

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  std::memset(id, 7, sizeof *id);
  return begin("ncclGetUniqueId");
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank, ncclConfig_t* config) {
  if (config->blocking != 0) throw Violation("a communicator that blocks");
  if (id.internal[0] != 7 || id.internal[NCCL_UNIQUE_ID_BYTES - 1] != 7) return ncclInvalidArgument;  // rank 0's never came
  MPI_Comm mpi = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &mpi);  // by all, whoever fails: the real one waits for nobody here
  if (const ncclResult_t result = begin("ncclCommInitRankConfig"); result != ncclSuccess) return result;
  *comm = new ncclComm;
  (*comm)->mpi = mpi;
  MPI_Comm_rank((*comm)->mpi, &(*comm)->rank);
  MPI_Comm_size((*comm)->mpi, &(*comm)->size);
  if (rank != (*comm)->rank || ranks != (*comm)->size) throw Violation("other ranks than MPI's");
  (*comm)->unfinished = 3;
  return ncclInProgress;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* state) {
  if (const ncclResult_t result = begin("ncclCommGetAsyncError"); result != ncclSuccess) {
    *state = result;  // as the real one: the call succeeds, the state is the error
    return ncclSuccess;
  }
  *state = comm->unfinished > 0 ? ncclInProgress : ncclSuccess;
  if (comm->unfinished > 0) --comm->unfinished;
  return ncclSuccess;
}

ncclResult_t ncclCommFinalize(ncclComm_t comm) {
  comm->unfinished = 2;
  const ncclResult_t result = begin("ncclCommFinalize");
  return result == ncclSuccess ? ncclInProgress : result;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  MPI_Comm_free(&comm->mpi);
  delete comm;
  return begin("ncclCommDestroy");
}

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  *comm->aborted = true;
  delete comm;  // peers are not asked: MPI's communicator stays
  return begin("ncclCommAbort");
}

ncclResult_t ncclGroupStart() {
  ++group_depth;
  return begin("ncclGroupStart");
}

ncclResult_t ncclSend(const void* buffer, size_t count, ncclDataType_t type, int peer, ncclComm_t comm, cudaStream_t stream) {
  if (type != ncclInt8) return ncclInvalidArgument;
  return add_to_group({const_cast<void*>(buffer), count, peer, true}, comm, stream, "ncclSend");
}

ncclResult_t ncclRecv(void* buffer, size_t count, ncclDataType_t type, int peer, ncclComm_t comm, cudaStream_t stream) {
  if (type != ncclInt8) return ncclInvalidArgument;
  return add_to_group({buffer, count, peer, false}, comm, stream, "ncclRecv");
}

ncclResult_t ncclGroupEnd() {
  const ncclResult_t result = begin("ncclGroupEnd");
  --group_depth;
  std::vector<Message> messages = std::exchange(group, {});
  if (result != ncclSuccess || messages.empty()) return result;
  return enqueue(group_comm, group_stream, std::move(messages));
}

ncclResult_t ncclAllGather(const void* from, void* to, size_t count, ncclDataType_t type, ncclComm_t comm, cudaStream_t stream) {
  check_device(from, count, "ncclAllGather");
  check_device(to, count * static_cast<std::size_t>(comm->size), "ncclAllGather");
  if (type != ncclInt8 || comm->unfinished > 0) return ncclInvalidArgument;
  if (const ncclResult_t result = begin("ncclAllGather"); result != ncclSuccess) return result;
  std::vector<Message> messages;
  for (int peer = 0; peer < comm->size; ++peer) {
    messages.push_back({const_cast<void*>(from), count, peer, true});
    messages.push_back({static_cast<char*>(to) + static_cast<std::size_t>(peer) * count, count, peer, false});
  }
  return enqueue(comm, stream, std::move(messages));
}

ncclResult_t ncclBroadcast(const void* from, void* to, size_t count, ncclDataType_t type, int root, ncclComm_t comm, cudaStream_t stream) {
  check_device(from, count, "ncclBroadcast");
  check_device(to, count, "ncclBroadcast");
  if (type != ncclInt8 || comm->unfinished > 0) return ncclInvalidArgument;
  if (const ncclResult_t result = begin("ncclBroadcast"); result != ncclSuccess) return result;
  std::vector<Message> messages;
  if (comm->rank == root)
    for (int peer = 0; peer < comm->size; ++peer) messages.push_back({const_cast<void*>(from), count, peer, true});
  messages.push_back({to, count, root, false});
  return enqueue(comm, stream, std::move(messages));
}

ncclResult_t ncclGetVersion(int* version) {
  *version = NCCL_VERSION_CODE;
  return begin("ncclGetVersion");
}

const char* ncclGetErrorString(ncclResult_t result) { return result == ncclRemoteError ? "remote process exited" : "another error"; }
const char* ncclGetLastError(ncclComm_t) { return ""; }

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
