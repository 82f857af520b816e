#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.hpp"
#include "comm/row_block.hpp"
#include "itra/row_kernels.hpp"

namespace goracs::itra {

/// A rank's rows of the cost matrix C (SPEC 5), owned by somebody else: (N_lc, M) float32 in [0, 1], multiples of 2^-40. They lie where
/// `kernels` work on them.
class CostRows {
 public:
  CostRows(MatrixView<const float> local, RowBlock rows, std::int64_t num_train, const RowKernels& kernels = RowKernels::on(Place::kHost))
      : local_(local), rows_(rows), num_train_(num_train), kernels_(&kernels) {}
  std::int64_t num_train() const noexcept { return num_train_; }
  std::int64_t num_valid() const noexcept { return local_.cols; }
  /// The global rows that are here.
  RowBlock rows() const noexcept { return rows_; }
  /// Row rows().begin + i_lc, (M), of rows on the host.
  std::span<const float> row(std::int64_t i_lc) const { return local_.row(i_lc); }
  /// All of them, (N_lc, M), and what works on them there.
  MatrixView<const float> block() const noexcept { return local_; }
  const RowKernels& kernels() const noexcept { return *kernels_; }

 private:
  MatrixView<const float> local_;
  RowBlock rows_;
  std::int64_t num_train_;
  const RowKernels* kernels_;
};

}  // namespace goracs::itra
