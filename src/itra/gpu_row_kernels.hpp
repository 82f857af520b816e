#pragma once

#include "itra/row_kernels.hpp"

namespace goracs::itra {

/// Blocks in the memory of this rank's GPU, by the device twins of the kernels.
class GpuRowKernels final : public RowKernels {
 public:
  Place place() const noexcept override { return Place::kGpu; }

  void read(MatrixView<const float> block, std::span<const std::int64_t> rows, MatrixView<float> into) const override;
  void write(MatrixView<float> block, MatrixView<const float> from) const override;

  void pairwise_distance(MatrixView<float> block, MatrixView<const float> train, MatrixView<const float> valid) const override;
  void row_range(MatrixView<const float> block, std::span<float> minimum, std::span<float> maximum) const override;
  void normalise_cost(MatrixView<float> block, std::span<const float> penalty, const CostScale& scale) const override;

  void row_sum(MatrixView<const float> block, std::span<std::int64_t> sum) const override;
  void gain(MatrixView<const float> block, std::span<const float> column_minimum, std::span<std::int64_t> gain) const override;
  void column_minimum(MatrixView<const float> block, std::span<float> minimum, std::span<std::int32_t> row) const override;

  void tight_scores(MatrixView<const float> block, std::span<const std::int64_t> rows, const TightScore& tight,
                    std::span<std::int64_t> score) const override;
  void add_taken(MatrixView<const float> block, std::span<const std::int64_t> rows, const TightScore& tight,
                 std::span<std::int64_t> taken) const override;
  void lowest_columns(MatrixView<const float> block, std::span<const std::int64_t> rows, std::span<const double> potential,
                      MatrixView<CostArc> arcs) const override;

  std::unique_ptr<OuterRanking> outer_ranking(const CostRows& cost, const ExchangeScore& score, bool lazy) const override;
};

}  // namespace goracs::itra
