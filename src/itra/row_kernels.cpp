#include "itra/row_kernels.hpp"

#include <algorithm>

#include "itra/cost_rows.hpp"
#include "itra/gpu_row_kernels.hpp"
#include "itra/outer_scores.hpp"
#include "kernels/column_minimum.hpp"
#include "kernels/gain.hpp"
#include "kernels/pairwise_distance.hpp"
#include "kernels/row_range.hpp"
#include "kernels/row_sum.hpp"

namespace goracs::itra {
namespace {

constexpr int kRowsPerChunk = 16;  // handed to a thread at once

class HostRowKernels final : public RowKernels {
 public:
  Place place() const noexcept override { return Place::kHost; }

  void read(MatrixView<const float> block, std::span<const std::int64_t> rows, MatrixView<float> into) const override {
    for (std::size_t k = 0; k < rows.size(); ++k) std::ranges::copy(block.row(rows[k]), into.row(static_cast<std::int64_t>(k)).begin());
  }
  void write(MatrixView<float> block, MatrixView<const float> from) const override {
    for (std::int64_t i = 0; i < from.rows; ++i) std::ranges::copy(from.row(i), block.row(i).begin());
  }

  void pairwise_distance(MatrixView<float> block, MatrixView<const float> train, MatrixView<const float> valid) const override {
    cpu::pairwise_distance(train, valid, block);
  }
  void row_range(MatrixView<const float> block, std::span<float> minimum, std::span<float> maximum) const override {
    cpu::row_range(block, minimum, maximum);
  }
  void normalise_cost(MatrixView<float> block, std::span<const float> penalty, const CostScale& scale) const override {
    cpu::normalise_cost(block, penalty, scale);
  }

  void row_sum(MatrixView<const float> block, std::span<std::int64_t> sum) const override { cpu::row_sum(block, sum); }
  void gain(MatrixView<const float> block, std::span<const float> column_minimum, std::span<std::int64_t> gain) const override {
    cpu::gain(block, column_minimum, gain);
  }
  void column_minimum(MatrixView<const float> block, std::span<float> minimum, std::span<std::int32_t> row) const override {
    cpu::column_minimum(block, minimum, row);
  }

  void tight_scores(MatrixView<const float> block, std::span<const std::int64_t> rows, const TightScore& tight,
                    std::span<std::int64_t> score) const override {
#pragma omp parallel
    {
      TightScore::Workspace workspace;
#pragma omp for schedule(dynamic, kRowsPerChunk)
      for (std::size_t k = 0; k < rows.size(); ++k) score[k] = tight.score(block.row(rows[k]), workspace);
    }
  }
  void add_taken(MatrixView<const float> block, std::span<const std::int64_t> rows, const TightScore& tight,
                 std::span<std::int64_t> taken) const override {
    TightScore::Workspace workspace;
    for (const std::int64_t i : rows) tight.add_taken(block.row(i), workspace, taken);
  }
  void lowest_columns(MatrixView<const float> block, std::span<const std::int64_t> rows, std::span<const double> potential,
                      MatrixView<CostArc> arcs) const override {
    cpu::lowest_columns(block, rows, potential, arcs);
  }

  std::unique_ptr<OuterRanking> outer_ranking(const CostRows& cost, const ExchangeScore& score, bool lazy) const override {
    return std::make_unique<OuterScores>(cost, score, lazy);
  }
};

}  // namespace

const RowKernels& RowKernels::on(Place place) {
  static const HostRowKernels kHost;
  static const GpuRowKernels kGpu;
  if (place == Place::kGpu) return kGpu;
  return kHost;
}

}  // namespace goracs::itra
