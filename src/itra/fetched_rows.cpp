#include "itra/fetched_rows.hpp"

#include <algorithm>

namespace goracs::itra {

void FetchedRows::fetch(std::span<const std::int64_t> rows) {
  if (lie_here_ && world_.size() == 1) return;
  std::vector<std::int64_t> missing;  // on any rank: all decide alike, though each lacks others' rows only
  for (const std::int64_t i : rows)
    if (!copies_.contains(i)) missing.push_back(i);
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  if (missing.empty()) return;

  std::vector<std::int64_t> here;
  for (const std::int64_t i : missing)
    if (cost_.rows().contains(i)) here.push_back(i - cost_.rows().begin);
  Matrix<float> own(static_cast<std::int64_t>(here.size()), cost_.num_valid());
  cost_.kernels().read(cost_.block(), here, own);
  // blocks are in rank order, so what is gathered is in row order
  const std::vector<float> all = world_.all_gather(std::span<const float>(own.data(), here.size() * static_cast<std::size_t>(own.cols())));
  for (std::size_t k = 0; k < missing.size(); ++k) {
    Matrix<float> copy(1, cost_.num_valid());
    std::copy_n(all.begin() + static_cast<std::int64_t>(k) * cost_.num_valid(), cost_.num_valid(), copy.data());
    copies_.emplace(missing[k], std::move(copy));
  }
}

void FetchedRows::keep_only(std::span<const std::int64_t> rows) {
  std::vector<std::int64_t> kept(rows.begin(), rows.end());
  std::sort(kept.begin(), kept.end());
  std::erase_if(copies_, [&](const auto& copy) { return !std::binary_search(kept.begin(), kept.end(), copy.first); });
}

const float* FetchedRows::row(std::int64_t i) const {
  return lie_here_ && cost_.rows().contains(i) ? cost_.row(i - cost_.rows().begin).data() : copies_.at(i).data();
}

std::vector<const float*> FetchedRows::rows(std::span<const std::int64_t> rows) const {
  std::vector<const float*> pointers;
  pointers.reserve(rows.size());
  for (const std::int64_t i : rows) pointers.push_back(row(i));
  return pointers;
}

}  // namespace goracs::itra
