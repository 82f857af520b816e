#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "comm/mpi_communicator.hpp"

namespace goracs {
namespace {

constexpr int kExchangeTag = 13;  ///< messages of one pair and tag come in the order in which they were sent

}  // namespace

class MpiCommunicator::Exchange final : public PendingExchange {
 public:
  Exchange(MpiCommunicator& world, std::string phase, std::vector<std::vector<std::byte>> parts, const std::vector<std::size_t>& lengths)
      : world_(world), phase_(std::move(phase)), parts_(std::move(parts)) {
    const auto own = static_cast<std::size_t>(world.rank());
    GORACS_CHECK_PEER(!world.in_wait_, "'{}' after an exchange that failed", phase_);
    GORACS_CHECK_PEER(parts_[own].size() == lengths[own], "'{}': {} bytes for this rank itself, which expects {}", phase_,
                      parts_[own].size(), lengths[own]);
    for (const std::size_t length : lengths) arrived_.emplace_back(length);
    arrived_[own] = std::move(parts_[own]);
    parts_[own].clear();
    const auto each_piece = [&](std::vector<std::byte>& bytes, const auto& call) {
      const auto most = static_cast<std::size_t>(world.largest_message_);
      for (std::size_t first = 0; first < bytes.size(); first += most) {
        requests_.push_back(MPI_REQUEST_NULL);
        GORACS_MPI_TRY(call(bytes.data() + first, static_cast<int>(std::min(most, bytes.size() - first)), &requests_.back()));
      }
    };
    for (int r = 0; r < world.size(); ++r)
      if (r != world.rank())
        each_piece(arrived_[static_cast<std::size_t>(r)], [&](std::byte* bytes, int count, MPI_Request* request) {
          return MPI_Irecv(bytes, count, MPI_BYTE, r, kExchangeTag, world.comm_, request);
        });
    for (int r = 0; r < world.size(); ++r) {
      std::vector<std::byte>& part = parts_[static_cast<std::size_t>(r)];
      each_piece(part, [&](const std::byte* bytes, int count, MPI_Request* request) {
        return MPI_Isend(bytes, count, MPI_BYTE, r, kExchangeTag, world.comm_, request);
      });
      world.bytes_sent_ += static_cast<std::int64_t>(part.size());
    }
  }

  /// Because of an error: MPI still has the messages, which must outlive this object.
  ~Exchange() override {
    if (std::ranges::all_of(requests_, [](MPI_Request request) { return request == MPI_REQUEST_NULL; })) return;
    new std::vector<std::vector<std::byte>>(std::move(parts_));
    new std::vector<std::vector<std::byte>>(std::move(arrived_));
  }

  bool advance() override {
    int all_done = 1;
    for (MPI_Request& request : requests_) {
      int done = 0;
      GORACS_MPI_TRY(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
      all_done &= done;
    }
    return all_done != 0;
  }

  std::vector<std::vector<std::byte>> finish() override {
    for (MPI_Request& request : requests_) world_.wait(request, phase_);
    return std::move(arrived_);
  }

 private:
  MpiCommunicator& world_;
  std::string phase_;
  std::vector<std::vector<std::byte>> parts_, arrived_;
  std::vector<MPI_Request> requests_;
};

std::unique_ptr<PendingExchange> MpiCommunicator::begin_exchange(std::string phase, std::vector<std::vector<std::byte>> parts,
                                                                 std::vector<std::size_t> lengths) {
  return std::make_unique<Exchange>(*this, std::move(phase), std::move(parts), lengths);
}

}  // namespace goracs
