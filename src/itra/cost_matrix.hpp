#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "base/config.hpp"
#include "base/matrix.hpp"
#include "comm/communicator.hpp"
#include "comm/row_block.hpp"
#include "itra/cost_rows.hpp"
#include "itra/distance_file.hpp"
#include "itra/label_enhanced.hpp"
#include "itra/selection.hpp"
#include "kernels/device_memory.hpp"

namespace goracs::itra {

/// The cost matrix C (N, M) of SPEC 5, rows sharded over ranks: float32 in [0, 1], multiples of 2^-40, the same bits for any ranks and threads.
///
///   D = distances of embeddings;   C = normalise(D / max D - lambda g / max g)        max D only with `distance_scale: max`
///
/// The rows lie on the host or on the rank's GPU (SelectionInput::place), and all of selection works on them there.
///
/// Goals: one float32 for each pair and little else: distances are scaled in place, embeddings pass in blocks. Peak over all ranks:
///   1.1 * 4 N M bytes + 32 MiB at most.
/// Non-goals: solving (transport), choosing (greedy).
/// Ruled out: a second copy of distances for other lambdas (DistanceFile keeps them on disk); BLAS (its bits change with the shape of a block).
class CostMatrix {
 public:
  /// Called after each block of distances on every rank; true stops.
  using Step = std::function<bool(std::int64_t done, std::int64_t total)>;

  /// The costs of the rows of one class. max g is over the whole input, max D and the normalisation over the class. None when `step` stopped
  /// it. Collective.
  /// Errors: kInput naming table and row for an embedding that is not finite, or so large that distances are not.
  static std::optional<CostMatrix> build(const SelectionInput& input, const ClassRows& rows, const SelectConfig& config,
                                         Communicator& world, const Step& step = {});
  /// This rank's share of a whole matrix of costs in [0, 1], rounded as build does.
  static CostMatrix of(MatrixView<const float> whole, Communicator& world, Place place = Place::kHost);

  std::int64_t num_train() const noexcept { return num_train_; }
  std::int64_t num_valid() const noexcept { return values_.cols; }
  /// The rows that are here, counted within the class.
  RowBlock rows() const noexcept { return rows_; }
  /// Costs of row rows().begin + i_lc, (M), of rows on the host.
  std::span<const float> row(std::int64_t i_lc) const { return values_.row(i_lc); }
  /// The same for solvers: a view that holds while this matrix lives where it is.
  CostRows view() const { return {values_, rows_, num_train_, *kernels_}; }
  /// All rows that are here, (N_lc, M).
  MatrixView<const float> block() const { return values_; }
  /// What works on them where they lie.
  const RowKernels& kernels() const noexcept { return *kernels_; }

  /// Copies of these rows, in this order, on every rank, (rows.size(), M). Collective: one broadcast of 4 M bytes a row by its owner.
  Matrix<float> gather(std::span<const std::int64_t> rows, Communicator& world) const;

 private:
  CostMatrix(std::int64_t num_train, std::int64_t num_valid, RowBlock rows, Place place);
  void read_distances(const DistanceFile& file);
  void write_distances(const DistanceFile& file, Communicator& world) const;
  void scale(const SelectionInput& input, const ClassRows& rows, const SelectConfig& config, Communicator& world);

  std::int64_t num_train_ = 0;
  RowBlock rows_;
  const RowKernels* kernels_;
  Matrix<float> on_host_;  ///< either this
  cuda::DeviceArray<float> on_gpu_;
  MatrixView<float> values_;  ///< of the one that there is
};

}  // namespace goracs::itra
