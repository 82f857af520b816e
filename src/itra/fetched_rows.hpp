#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "comm/communicator.hpp"
#include "itra/cost_rows.hpp"

namespace goracs::itra {

/// Cost rows that every rank can read: its own where they lie, if that is the host, others as copies, each fetched once.
///   fetch {3, 7, 12}, rank 0 owns 0-4, rank 1 owns 5-9, rank 2 the rest:   each sends its row to the others, 4 M bytes a row
class FetchedRows {
 public:
  /// `cost` and `world` must live on.
  FetchedRows(const CostRows& cost, Communicator& world) : cost_(cost), world_(world), lie_here_(cost.kernels().place() == Place::kHost) {}

  /// Makes these rows (global, the same on every rank) readable. Collective.
  void fetch(std::span<const std::int64_t> rows);

  /// Forgets all copies but those of these rows.
  void keep_only(std::span<const std::int64_t> rows);

  /// Costs (M) of a row that was fetched; stays where it is.
  const float* row(std::int64_t i) const;
  std::vector<const float*> rows(std::span<const std::int64_t> rows) const;

 private:
  const CostRows& cost_;
  Communicator& world_;
  bool lie_here_;  ///< this rank's rows, so that they can be read where they are
  std::map<std::int64_t, Matrix<float>> copies_;
};

}  // namespace goracs::itra
