#include "comm/communicator.hpp"

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

void Communicator::begin_gather(std::span<const std::byte> part, std::span<std::byte> all) {
  const std::vector<std::byte> gathered = gather_equal_bytes(part);
  GORACS_CHECK_PEER(gathered.size() == all.size(), "{} bytes were gathered, expected {}", gathered.size(), all.size());
  std::copy(gathered.begin(), gathered.end(), all.begin());
}

}  // namespace goracs
