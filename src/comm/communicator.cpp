#include "comm/communicator.hpp"

#include <utility>

#include "base/error.hpp"

namespace goracs {

ScoredRow Communicator::min_with_row(ScoredRow local) {
  std::vector<ScoredRow> all(static_cast<std::size_t>(size()));
  const std::vector<std::byte> bytes = gather_equal_bytes(std::as_bytes(std::span<const ScoredRow>(&local, 1)));
  std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span<ScoredRow>(all)).begin());
  return *std::min_element(all.begin(), all.end(), [](const ScoredRow& a, const ScoredRow& b) {
    if (a.score != b.score) return a.score < b.score;
    return static_cast<std::uint64_t>(a.row) < static_cast<std::uint64_t>(b.row);  // -1, no candidate, comes last
  });
}

void Communicator::begin_gather(std::string /*phase*/, std::span<const std::byte> part, std::span<std::byte> all) {
  const std::vector<std::byte> gathered = gather_equal_bytes(part);
  GORACS_CHECK_PEER(gathered.size() == all.size(), "{} bytes were gathered, expected {}", gathered.size(), all.size());
  std::copy(gathered.begin(), gathered.end(), all.begin());
}

void Communicator::begin_device_gather(std::string phase, std::span<const std::byte> /*part*/, std::span<std::byte> /*all*/) {
  fail(ExitCode::kPeer, "'{}': these ranks exchange no device memory", phase);
}

/// All of it in finish.
class Communicator::LateExchange final : public PendingExchange {
 public:
  LateExchange(Communicator& world, std::vector<std::vector<std::byte>> parts, std::vector<std::size_t> lengths)
      : world_(world), parts_(std::move(parts)), lengths_(std::move(lengths)) {}
  bool advance() override { return false; }

  // in round s the partners' numbers add up to s modulo R: each rank has one partner (or itself), and the lower one speaks first
  std::vector<std::vector<std::byte>> finish() override {
    const int ranks = world_.size(), rank = world_.rank();
    std::vector<std::vector<std::byte>> arrived(parts_.size());
    for (int round = 0; round < ranks; ++round) {
      const int partner = (round - rank + ranks) % ranks;
      const auto k = static_cast<std::size_t>(partner);
      const auto send = [&] {
        if (!parts_[k].empty()) world_.send(std::span<const std::byte>(parts_[k]), partner);
      };
      if (rank < partner) send();
      arrived[k].resize(lengths_[k]);
      if (partner == rank)
        arrived[k] = std::move(parts_[k]);
      else if (lengths_[k] > 0)
        world_.receive(std::span<std::byte>(arrived[k]), partner);
      if (rank > partner) send();
    }
    return arrived;
  }

 private:
  Communicator& world_;
  std::vector<std::vector<std::byte>> parts_;
  std::vector<std::size_t> lengths_;
};

std::unique_ptr<PendingExchange> Communicator::begin_exchange(std::string /*phase*/, std::vector<std::vector<std::byte>> parts,
                                                              std::vector<std::size_t> lengths) {
  return std::make_unique<LateExchange>(*this, std::move(parts), std::move(lengths));
}

}  // namespace goracs
